# Warnings, sanitizers, hardening and the compiler cache, the same for every target of ours.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Without the sloppiness a precompiled header makes every compile a cache miss; with relative
  # paths another checkout of the same sources shares the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(tutti_flags INTERFACE)
target_compile_options(tutti_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers -Werror -fno-omit-frame-pointer -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # -fpch-preprocess lets ccache see through the precompiled header.
  target_compile_options(tutti_flags INTERFACE -fpch-preprocess)
  # Optimising, GCC 12 warns of what it inlined itself: variants that hold a vector, and the memory
  # of Asio's coroutine frames.
  target_compile_options(tutti_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-Wno-maybe-uninitialized>
    $<$<NOT:$<CONFIG:Debug>>:-Wno-mismatched-new-delete>)
endif()
target_compile_definitions(tutti_flags INTERFACE
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2> $<$<CONFIG:Release>:_GLIBCXX_ASSERTIONS>)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")  # the sanitizers' builds
add_link_options(-fuse-ld=lld -Wl,-z,relro,-z,now)

set(TUTTI_SANITIZE "" CACHE STRING "Sanitizers for every target, as -fsanitize takes them")
if(TUTTI_SANITIZE)
  add_compile_options(-fsanitize=${TUTTI_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TUTTI_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC takes the instrumentation's own branches for paths that skip an initialisation, and sees
    # only one half of the pair that allocates Asio's coroutine frames.
    target_compile_options(tutti_flags INTERFACE -Wno-maybe-uninitialized -Wno-mismatched-new-delete)
  endif()
endif()
