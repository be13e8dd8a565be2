# The executables. Engines are separate programs so that a backend that is not installed is a
# missing file and never an #ifdef.
function(tutti_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;USES;PARTS" ${ARGN})
  list(TRANSFORM PROGRAM_USES PREPEND tutti_)
  list(TRANSFORM PROGRAM_PARTS PREPEND tutti_part_)
  list(TRANSFORM PROGRAM_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/src/)
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE ${PROGRAM_USES} ${PROGRAM_PARTS} tutti_flags)
endfunction()

# The catalogue of models is part of the program.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/depot/catalogue.toml)
file(READ ${CMAKE_SOURCE_DIR}/src/depot/catalogue.toml TUTTI_CATALOGUE)
configure_file(${CMAKE_SOURCE_DIR}/cmake/catalogue_text.cc.in ${CMAKE_BINARY_DIR}/catalogue_text.cc @ONLY)
target_sources(tutti_depot PRIVATE ${CMAKE_BINARY_DIR}/catalogue_text.cc)

tutti_program(tutti SOURCES app/main.cc USES app)
tutti_program(tutti-decode SOURCES media/decode_main.cc USES media)
if(TARGET media_test)
  add_dependencies(media_test tutti-decode)
endif()

# tutti_engine(backend [PARTS parts...] [TESTS label])
#
# Makes, of src/engine/<backend>/*.cc, the library tutti_engine_<backend>, the program
# tutti-engine-<backend> and the test program engine_<backend>_test.
function(tutti_engine backend)
  cmake_parse_arguments(ENGINE "" "TESTS" "PARTS" ${ARGN})
  if(NOT ENGINE_TESTS)
    set(ENGINE_TESTS unit)
  endif()
  set(dir ${CMAKE_SOURCE_DIR}/src/engine/${backend})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cc)
  list(REMOVE_ITEM sources ${tests} ${dir}/${backend}_main.cc)
  list(TRANSFORM ENGINE_PARTS PREPEND tutti_part_)

  add_library(tutti_engine_${backend} STATIC ${sources})
  target_link_libraries(tutti_engine_${backend} PUBLIC tutti_engine PRIVATE ${ENGINE_PARTS} tutti_flags)
  tutti_program(tutti-engine-${backend}
    SOURCES engine/${backend}/${backend}_main.cc USES engine_${backend})
  if(TUTTI_TESTS AND tests)
    add_executable(engine_${backend}_test ${tests})
    target_link_libraries(engine_${backend}_test
      PRIVATE tutti_engine_${backend} tutti_flags GTest::gmock GTest::gtest_main)
    gtest_discover_tests(engine_${backend}_test PROPERTIES LABELS ${ENGINE_TESTS} DISCOVERY_MODE PRE_TEST)
  endif()
endfunction()

include(${CMAKE_CURRENT_LIST_DIR}/engine_package.cmake)
tutti_engine(tone)
if(POCKETSPHINX_FOUND)
  tutti_engine(pocketsphinx PARTS pocketsphinx TESTS process)
endif()
# The libraries are loaded when an engine starts, so the build needs nothing of them.
set(tools ${CMAKE_SOURCE_DIR}/.tools/node_modules)
set(sherpa_folder "${tools}/sherpa-onnx-linux-$<IF:$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>,arm64,x64>")
target_compile_definitions(tutti_models PRIVATE
  TUTTI_SILERO_FOLDER="${CMAKE_SOURCE_DIR}/.tools/silero/node_modules/@ricky0123/vad-web/dist" TUTTI_SHERPA_FOLDER="${sherpa_folder}")
tutti_engine(silero)
tutti_engine(sherpa TESTS process)
target_compile_definitions(tutti_engine_sherpa PRIVATE TUTTI_SHERPA_FOLDER="${sherpa_folder}")
if(TARGET engine_sherpa_test)
  include(cmake/sherpa_models.cmake)
  tutti_use_tone_models(engine_sherpa_test)
  # A library that says it is another version.
  add_library(other_sherpa SHARED src/engine/sherpa/other_version/other_version.cc)
  target_compile_definitions(engine_sherpa_test PRIVATE
    TUTTI_OTHER_SHERPA="$<TARGET_FILE:other_sherpa>")
  add_dependencies(engine_sherpa_test other_sherpa tutti-engine-sherpa)
endif()
tutti_engine(upstream PARTS curl json TESTS process)
if(TARGET engine_upstream_test)
  # Its server inside the test.
  target_link_libraries(engine_upstream_test PRIVATE tutti_part_beast)
endif()
if(TARGET engine_test)
  # The host is tested with a real backend whose right answer is known.
  target_link_libraries(engine_test PRIVATE tutti_engine_tone)
endif()
if(TUTTI_TESTS)
  add_subdirectory(tests/contract)
endif()
# These tests run the real programs.
if(TARGET runtime_test)
  add_dependencies(runtime_test tutti-decode)
endif()
if(TARGET scribe_test)
  add_dependencies(scribe_test tutti-decode tutti-engine-tone)
endif()

if(TARGET supervisor_test)
  # Which page of docs/ is held against the code.
  target_compile_definitions(supervisor_test PRIVATE TUTTI_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endif()

# Loops over samples are what these spend their time on, in tests too.
target_compile_options(tutti_audio PRIVATE $<$<CONFIG:Debug>:-O2>)
target_compile_options(tutti_engine_tone PRIVATE $<$<CONFIG:Debug>:-O2>)
