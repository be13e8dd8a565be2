# tutti_layer(folder [USES folders...] [PARTS parts...] [TESTS label])
#
# Makes the library tutti_<folder> of src/<folder>/*.cc and, of its *_test.cc files, the test
# program <folder>_test. A folder of headers alone becomes an interface library. Tests that start
# programs of ours have the label "process" instead of "unit", since they take seconds.
function(tutti_layer folder)
  cmake_parse_arguments(LAYER "" "TESTS" "USES;PARTS" ${ARGN})
  if(NOT LAYER_TESTS)
    set(LAYER_TESTS unit)
  endif()
  set(dir ${CMAKE_SOURCE_DIR}/src/${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cc)
  file(GLOB programs CONFIGURE_DEPENDS ${dir}/*_main.cc ${dir}/main.cc)
  file(GLOB benches CONFIGURE_DEPENDS ${dir}/*_bench.cc)
  if(tests OR programs OR benches)
    list(REMOVE_ITEM sources ${tests} ${programs} ${benches})
  endif()

  set(uses ${LAYER_USES})
  list(TRANSFORM uses PREPEND tutti_)
  set(parts ${LAYER_PARTS})
  list(TRANSFORM parts PREPEND tutti_part_)

  if(sources)
    add_library(tutti_${folder} STATIC ${sources})
    target_include_directories(tutti_${folder} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(tutti_${folder} PUBLIC ${uses} ${parts} PRIVATE tutti_flags)
    tutti_precompile(tutti_${folder} "${LAYER_PARTS}" "${LAYER_USES}")
  else()
    add_library(tutti_${folder} INTERFACE)
    target_include_directories(tutti_${folder} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(tutti_${folder} INTERFACE ${uses} ${parts})
  endif()

  if(TUTTI_TESTS AND tests)
    find_package(GTest REQUIRED)
    include(GoogleTest)
    add_executable(${folder}_test ${tests})
    target_link_libraries(${folder}_test PRIVATE tutti_${folder} tutti_flags GTest::gmock GTest::gtest_main)
    tutti_precompile(${folder}_test "${LAYER_PARTS}" "${LAYER_USES}")
    gtest_discover_tests(${folder}_test PROPERTIES LABELS ${LAYER_TESTS} DISCOVERY_MODE PRE_TEST)
  endif()
endfunction()

# The one precompiled header (third-party headers only) belongs to runtime; whatever stands on
# runtime uses it again. Pure folders never see Asio, precompiled or not.
function(tutti_precompile target parts uses)
  if(target STREQUAL "tutti_runtime")
    target_precompile_headers(tutti_runtime PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)
  elseif("runtime" IN_LIST uses OR target STREQUAL "runtime_test")
    target_precompile_headers(${target} REUSE_FROM tutti_runtime)
  endif()
endfunction()
