# The libraries we use, each under one name (tutti::part_<name>) that cmake/layers.cmake hands out.
include(${CMAKE_CURRENT_LIST_DIR}/packages.cmake)

function(tutti_part name)
  add_library(tutti_part_${name} INTERFACE)
  target_link_libraries(tutti_part_${name} INTERFACE ${ARGN})
endfunction()

tutti_part(spdlog spdlog::spdlog)
tutti_part(tomlplusplus)
tutti_part(samplerate PkgConfig::SAMPLERATE)
tutti_part(json Boost::json Boost::url)
tutti_part(crypto OpenSSL::Crypto)
tutti_part(libav PkgConfig::LIBAV)
tutti_part(seccomp PkgConfig::SECCOMP)
tutti_part(curl PkgConfig::CURL)
tutti_part(archive PkgConfig::ARCHIVE)
tutti_part(sqlite PkgConfig::SQLITE)
tutti_part(cli11 CLI11::CLI11)
if(POCKETSPHINX_FOUND)
  tutti_part(pocketsphinx PkgConfig::POCKETSPHINX)
endif()

# Asio and Beast are compiled once, in runtime/boost_impl.cc.
tutti_part(asio Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_definitions(tutti_part_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_VISIBILITY)
tutti_part(beast tutti_part_asio Boost::url)
