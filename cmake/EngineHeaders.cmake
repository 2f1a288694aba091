# Copies the headers that the C API's build script installed (conf.h resolved for our features) to a place
# whose name does not depend on cargo's hashes.
file(GLOB installed ${target}/release/build/wasmtime-c-api-impl-*/out/include)
list(LENGTH installed count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "expected one set of Wasmtime headers below ${target}/release/build, found ${count}: "
                      "delete ${target} and build again")
endif()
file(COPY ${installed}/ DESTINATION ${target}/include)
