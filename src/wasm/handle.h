// Ownership of the C API's objects: one unique_ptr type for each deleter.
#pragma once

#include <memory>

#include <wasmtime.h>

namespace wasm {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const noexcept {
    release(object);
  }
};

template <class T, auto release>
using Handle = std::unique_ptr<T, Release<release>>;

}  // namespace wasm
