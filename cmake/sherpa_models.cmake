# Models of sherpa-onnx for the tests, made by tools/make_*_model.py. Whoever needs one says
# tutti_use_tone_models(target), and finds them in the folder TUTTI_TEST_MODELS. Without
# python3-onnx there are none.
set(models ${CMAKE_BINARY_DIR}/sherpa_models)
set(generator ${CMAKE_SOURCE_DIR}/tools/make_tone_model.py)
# Debian's own Python, which python3-onnx is for.
set(debian_python /usr/bin/python3)
execute_process(COMMAND ${debian_python} -c "import onnx" RESULT_VARIABLE no_onnx ERROR_QUIET)

add_custom_target(sherpa_test_models)
function(tutti_tone_model name)
  add_custom_command(OUTPUT ${models}/${name}/model.toml DEPENDS ${generator}
    COMMAND ${debian_python} -B ${generator} ${models}/${name} ${ARGN})
  add_custom_target(sherpa_test_model_${name} DEPENDS ${models}/${name}/model.toml)
  add_dependencies(sherpa_test_models sherpa_test_model_${name})
endfunction()
function(tutti_other_model name script)
  set(maker ${CMAKE_SOURCE_DIR}/tools/${script})
  add_custom_command(OUTPUT ${models}/${name}/model.toml DEPENDS ${maker}
    COMMAND ${debian_python} -B ${maker} ${models}/${name})
  add_custom_target(sherpa_test_model_${name} DEPENDS ${models}/${name}/model.toml)
  add_dependencies(sherpa_test_models sherpa_test_model_${name})
endfunction()
if(no_onnx)
  message(STATUS "python3-onnx is not installed: there are no models to test tutti-engine-sherpa")
else()
  tutti_other_model(marks make_punctuation_model.py)
  tutti_other_model(voices make_speaker_model.py)
  tutti_tone_model(streaming --kind asr-streaming)
  tutti_tone_model(offline --kind asr-offline)
  tutti_tone_model(no_window --kind asr-streaming --leave-out window_size)
  tutti_tone_model(streaming_nameless --kind asr-streaming --nameless)
  tutti_tone_model(transducer --kind asr-streaming --transducer)
  tutti_tone_model(sense_voice --kind asr-offline --sense-voice)
  tutti_tone_model(offline_nameless --kind asr-offline --nameless)
endif()

function(tutti_use_tone_models target)
  target_compile_definitions(${target} PRIVATE TUTTI_TEST_MODELS="${models}")
  add_dependencies(${target} sherpa_test_models)
endfunction()
