// SPDX-License-Identifier: Apache-2.0
#include "media/codecs.h"

namespace tutti::media {

const char* demuxer_name(audio::Container container) {
    switch (container) {
        case audio::Container::wav:
            return "wav";
        case audio::Container::flac:
            return "flac";
        case audio::Container::ogg:
            return "ogg";
        case audio::Container::mpeg_audio:
            return "mp3";
        case audio::Container::mp4:
            return "mov";
        case audio::Container::matroska:
            return "matroska";
        case audio::Container::aiff:
            return "aiff";
        case audio::Container::caf:
            return "caf";
        case audio::Container::amr:
            return "amr";
        case audio::Container::adts:
            return "aac";
    }
    return "";
}

const char kDecoderNames[] =
    "pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,"
    "pcm_f64le,pcm_f64be,pcm_mulaw,pcm_alaw,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,g722,g726,gsm_ms,"
    "gsm,mp1float,mp2float,mp3float,aac,alac,flac,opus,vorbis,speex,amrnb,amrwb,ac3,eac3";

}  // namespace tutti::media
