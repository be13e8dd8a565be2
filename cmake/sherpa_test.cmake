# What the tests of the backend sherpa use: models made by tools/make_tone_model.py, and a library
# that says it is another version. Without python3-onnx there are no models, and tests skip.
set(models ${CMAKE_BINARY_DIR}/sherpa_models)
target_compile_definitions(engine_sherpa_test PRIVATE TUTTI_TEST_MODELS="${models}")

add_library(other_sherpa SHARED src/engine/sherpa/other_version/other_version.cc)
target_compile_definitions(engine_sherpa_test PRIVATE
  TUTTI_OTHER_SHERPA="$<TARGET_FILE:other_sherpa>")
add_dependencies(engine_sherpa_test other_sherpa tutti-engine-sherpa)

# Debian's own Python, which python3-onnx is for.
set(debian_python /usr/bin/python3)
execute_process(COMMAND ${debian_python} -c "import onnx" RESULT_VARIABLE no_onnx ERROR_QUIET)
if(no_onnx)
  message(STATUS "python3-onnx is not installed: the tests of tutti-engine-sherpa skip")
  return()
endif()
set(generator ${CMAKE_SOURCE_DIR}/tools/make_tone_model.py)
function(tutti_tone_model name)
  add_custom_command(OUTPUT ${models}/${name}/model.toml DEPENDS ${generator}
    COMMAND ${debian_python} -B ${generator} ${models}/${name} ${ARGN})
  target_sources(engine_sherpa_test PRIVATE ${models}/${name}/model.toml)
endfunction()
tutti_tone_model(streaming --kind asr-streaming)
tutti_tone_model(offline --kind asr-offline)
tutti_tone_model(no_window --kind asr-streaming --leave-out window_size)
