# find_package(tutti_engine) in the build folder, for engines that are made outside this tree
# (docs/how-to-write-a-backend.md). They see the headers of src/ and the libraries as they are built.

# tutti_engine and everything of ours that it stands on.
set(package_targets tutti_engine)
set(left tutti_engine)
while(left)
  list(POP_FRONT left target)
  get_target_property(uses ${target} INTERFACE_LINK_LIBRARIES)
  foreach(use ${uses})
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" use "${use}")
    if(use MATCHES "^tutti_" AND NOT use IN_LIST package_targets)
      list(APPEND package_targets ${use})
      list(APPEND left ${use})
    endif()
  endforeach()
endwhile()
export(TARGETS ${package_targets} FILE ${CMAKE_BINARY_DIR}/tutti_engine-targets.cmake)
file(WRITE ${CMAKE_BINARY_DIR}/tutti_engine-config.cmake
  "include(\"${CMAKE_SOURCE_DIR}/cmake/packages.cmake\")\n"
  "include(\"\${CMAKE_CURRENT_LIST_DIR}/tutti_engine-targets.cmake\")\n")
