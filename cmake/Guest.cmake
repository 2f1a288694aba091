# Guests in C, compiled to WebAssembly: Debian's wasi-libc with clang-19 and lld-19.
find_program(GUEST_CC clang-19 REQUIRED)

# The reactor model has no main: the host calls `_initialize`, then `handle`. The stack comes first in
# memory, so that a stack overflow leaves the memory and traps instead of running into data. Debug
# information goes, the name section stays: backtraces are made from it.
set(GUEST_FLAGS
  --target=wasm32-wasi -std=gnu17 -O2 -Wall -Wextra -mexec-model=reactor -I${CMAKE_SOURCE_DIR}/sdk/c
  -Wl,--export=handle -Wl,--stack-first -Wl,-z,stack-size=65536 -Wl,--strip-debug)

# guest_module(<name> <source.c> [OUTPUT_DIRECTORY dir]): <dir>/<name>.wasm, part of `all`.
function(guest_module name source)
  cmake_parse_arguments(GUEST "" "OUTPUT_DIRECTORY" "" ${ARGN})
  if(NOT GUEST_OUTPUT_DIRECTORY)
    set(GUEST_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  endif()
  file(MAKE_DIRECTORY ${GUEST_OUTPUT_DIRECTORY})
  cmake_path(ABSOLUTE_PATH source)
  set(module ${GUEST_OUTPUT_DIRECTORY}/${name}.wasm)
  add_custom_command(
    OUTPUT ${module}
    COMMAND ${GUEST_CC} ${GUEST_FLAGS} -MD -MF ${module}.d -MT ${module} -o ${module} ${source}
    DEPENDS ${source}
    DEPFILE ${module}.d
    COMMENT "Building guest ${name}.wasm"
    VERBATIM)
  cmake_path(RELATIVE_PATH module BASE_DIRECTORY ${CMAKE_BINARY_DIR} OUTPUT_VARIABLE target)
  string(MAKE_C_IDENTIFIER ${target} target)
  add_custom_target(${target} ALL DEPENDS ${module})
endfunction()
