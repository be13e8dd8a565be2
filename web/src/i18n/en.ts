// SPDX-License-Identifier: Apache-2.0
// The page in English: the list of all texts. {name} stands for a value.

export const en = {
  page_title: "Tutti – speech to text",
  tagline: "Speech to text, on your own server",
  skip_to_live: "Skip to live captions",
  nav_live: "Live",
  nav_files: "Files",
  language: "Language",
  model: "Model",
  model_default: "Default model",

  live_title: "Live captions",
  start: "Start",
  stop: "Stop",
  start_again: "Start again",
  state_idle: "Ready",
  state_permission: "Waiting for permission",
  state_connecting: "Connecting",
  state_listening: "Listening",
  state_reconnecting: "Reconnecting",
  state_finishing: "Finishing",
  state_failed: "Stopped",
  first_word: "First word",
  first_word_hint: "From the moment you begin to speak to the first word on the screen",
  delay: "Delay",
  delay_hint: "How far the newest text is behind what the microphone hears",
  time: "Time",
  time_hint: "Length of the audio sent",
  level: "Microphone level",
  captions: "Captions",
  captions_empty_title: "Press Start and speak",
  captions_empty: "Your words appear here while you talk.",
  to_latest: "Latest text",

  notice_reconnecting:
    "The connection broke and is being made again. Speak on: what you say is kept, and the text will follow.",
  notice_congested: "The network is slow. Text will arrive late, but nothing is lost.",
  notice_silent: "No sound is heard. Is the microphone muted, or another one selected?",
  problem_insecure:
    "The browser gives the microphone to secure pages only. Open this page with https://, or as http://localhost on the server itself. Files can be recognised here all the same.",
  problem_unsupported:
    "This browser cannot capture audio. Please use a current version of Chrome, Edge, Firefox or Safari.",
  problem_denied:
    "The microphone is not allowed for this page. Open the site settings next to the address, allow the microphone, and press Start again.",
  problem_no_device: "No microphone was found. Connect one and press Start again.",
  problem_device_busy:
    "The microphone cannot be opened. Another program may be using it: close it and press Start again.",
  problem_device_lost:
    "The microphone was disconnected. Connect it and press Start again; your captions are kept.",
  problem_unknown: "The microphone could not be started.",
  problem_not_connected:
    "The server cannot be reached. Check your network, and whether the server is running.",
  problem_refused:
    "The server did not accept the session. It may be full, or the chosen model may not work live. Wait a moment or choose another model.",
  problem_lost:
    "The connection broke. Your captions are kept: press Start again to go on below them.",
  problem_overflow:
    "The network is too slow for live audio, so the session was ended. Your captions are kept.",

  copy: "Copy",
  copied: "Copied",
  copy_failed: "Copying was not allowed",
  clear: "Clear",
  cleared: "Captions cleared",
  undo: "Undo",
  export: "Copy or download",
  download_txt: "Download as text",
  download_srt: "Download as SRT subtitles",
  download_vtt: "Download as WebVTT subtitles",

  files_title: "Files",
  drop_title: "Drop audio or video here",
  drop_choose: "or choose files",
  drop_formats: "MP3, WAV, M4A, FLAC, MP4, WebM and more",
  upload: "Upload",
  recognition: "Recognition",
  file_waiting: "Waiting",
  file_uploading: "Uploading {percent} %",
  file_processing: "Processing",
  file_recognising: "Recognised {done} of {total}",
  file_done: "Done in {elapsed}",
  file_done_audio: "{audio} of audio, done in {elapsed}",
  file_stopped: "Not recognised",
  file_done_no_speech: "Done: no speech was found",
  file_cancelled: "Cancelled",
  cancel: "Cancel",
  retry: "Try again",
  remove: "Remove",
  file_empty: "The file is empty.",
  file_network: "The connection broke before the file was finished. Check the network and try again.",
  file_busy: "The server is busy. Try again in a moment.",
  file_too_large: "The file is larger than this server accepts.",
  file_refused: "The server did not accept the file.",
  file_failed: "The file could not be recognised.",
  file_incomplete: "The answer stopped before the text was complete. Try again.",
  server_says: "Server: {words}",
};
