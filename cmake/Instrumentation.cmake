# ROOST_SANITIZE: "", "address" (with undefined), "thread" or "fuzz": as address, and all of our code counts what it
# runs for libFuzzer (tests/fuzz). ROOST_COVERAGE: clang's source-based coverage.
set(ROOST_SANITIZE "" CACHE STRING "address | thread | fuzz")
option(ROOST_COVERAGE "Source-based coverage" OFF)

if(ROOST_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(ROOST_SANITIZE STREQUAL "fuzz")
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=fuzzer-no-link,address,undefined)
elseif(ROOST_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()
if(ROOST_SANITIZE)
  # Sanitizers and a reservation of terabytes do not go together: see wasm/engine.h. The library's assertions see what
  # sanitizers do not: an empty optional that is read, an index past a span.
  add_compile_definitions(ROOST_SANITIZED=1 _GLIBCXX_ASSERTIONS)
  add_library(sanitizer_options OBJECT ${CMAKE_CURRENT_LIST_DIR}/sanitizer_options.cc)
  target_compile_options(sanitizer_options PRIVATE -fno-sanitize=all)
  link_libraries($<TARGET_OBJECTS:sanitizer_options>)
endif()

if(ROOST_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
