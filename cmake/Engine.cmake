# engine/: Wasmtime's static library, built by cargo outside the build tree, so that a clean checkout does not
# build it again. The folder is named after what cargo is told, the archive in it after our own sources: checkouts
# that differ in these share what is built of the rest.
find_program(CARGO cargo REQUIRED)

set(ROOST_CACHE_DIR "$ENV{ROOST_CACHE_DIR}")
if(NOT ROOST_CACHE_DIR)
  set(ROOST_CACHE_DIR "$ENV{HOME}/.cache/roost")
endif()

file(GLOB engine_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/engine/src/*.rs)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${engine_sources})
set(engine_code "")
foreach(source ${engine_sources})
  file(READ ${source} code)
  string(APPEND engine_code "${code}")
endforeach()
file(READ ${CMAKE_SOURCE_DIR}/engine/Cargo.lock engine_lock)
file(READ ${CMAKE_SOURCE_DIR}/engine/Cargo.toml engine_profile)
string(SHA256 engine_hash "${engine_lock}${engine_profile}")
string(SUBSTRING ${engine_hash} 0 16 engine_hash)
string(SHA256 engine_code_hash "${engine_code}")
string(SUBSTRING ${engine_code_hash} 0 16 engine_code_hash)
set(engine_target ${ROOST_CACHE_DIR}/engine-${engine_hash})
set(engine_archive ${engine_target}/libengine-${engine_code_hash}.a)
set(engine_headers ${engine_target}/include)

# No source is named as a dependency: when one changes, so does the archive's name.
add_custom_command(
  OUTPUT ${engine_archive} ${engine_headers}/wasmtime.h
  COMMAND ${CMAKE_COMMAND} -E echo "engine: building Wasmtime (about 7 minutes, once)"
  COMMAND ${CMAKE_COMMAND} -E env CARGO_TARGET_DIR=${engine_target}
          ${CARGO} build --release --locked --manifest-path ${CMAKE_SOURCE_DIR}/engine/Cargo.toml
  COMMAND ${CMAKE_COMMAND} -Dtarget=${engine_target} -P ${CMAKE_SOURCE_DIR}/cmake/EngineHeaders.cmake
  COMMAND ${CMAKE_COMMAND} -E copy ${engine_target}/release/libengine.a ${engine_archive}
  USES_TERMINAL VERBATIM)
add_custom_target(engine_archive DEPENDS ${engine_archive} ${engine_headers}/wasmtime.h)

add_library(engine INTERFACE)
add_dependencies(engine engine_archive)
file(MAKE_DIRECTORY ${engine_headers})
target_include_directories(engine SYSTEM INTERFACE ${engine_headers})
target_include_directories(engine INTERFACE ${CMAKE_SOURCE_DIR}/engine/include)
target_link_libraries(engine INTERFACE ${engine_archive} Threads::Threads ${CMAKE_DL_LIBS} m)
