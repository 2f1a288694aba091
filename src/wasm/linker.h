// Host functions under their import names, and modules linked against them.
//
// A host function is a plain function `std::optional<R> f(Caller&, parameters…)` with parameters
// and R of int32_t, uint32_t, int64_t, uint64_t or, for R, Nothing. An empty result stops the
// guest: what happened is to be found in Caller::data. It runs on the guest's fiber, a small stack:
// it copies and returns. It must not throw (trampolines are noexcept).
//
// A suspending host function returns `std::optional<Step>`: `Step::done(value)`, or
// `Step::suspend()` after it has noted in Caller::data what it waits for; then the driver awaits
// that between two polls and calls Store::suspension().answer(). Its wasm result is an i32.
//
// The Linker is made once, before any call; an EntryPoint is immutable and safe on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "wasm/handle.h"
#include "wasm/module.h"
#include "wasm/store.h"

namespace wasm {

struct Nothing {};

struct Step {
  bool suspended = false;
  std::int32_t value = 0;
  static Step done(std::int32_t value) { return {false, value}; }
  static Step suspend() { return {true, 0}; }
};

// Who calls, for the length of one host call.
class Caller {
 public:
  explicit Caller(wasmtime_caller_t* caller);
  [[nodiscard]] void* data() const { return store_->data(); }
  // The export `memory`; empty when there is none. Gone with the call: growing may move its end.
  [[nodiscard]] std::span<std::uint8_t> memory() const;

 private:
  friend class Linker;
  wasmtime_caller_t* caller_;
  wasmtime_context_t* context_;
  Store* store_;
};

// A linked module, and what of it a Run calls.
class EntryPoint {
 public:
  [[nodiscard]] const roost_entry_point_t* get() const { return entry_point_.get(); }

 private:
  friend class Linker;
  explicit EntryPoint(roost_entry_point_t* entry_point) : entry_point_(entry_point) {}
  Handle<roost_entry_point_t, roost_entry_point_delete> entry_point_;
};

class Linker {
 public:
  explicit Linker(const Engine& engine);

  // `function` is a template argument, so that the call through the C API costs no second pointer.
  template <auto function>
  void define(std::string_view module, std::string_view name) {
    using Traits = FunctionTraits<decltype(function)>;
    if constexpr (std::is_same_v<typename Traits::Result, Step>) {
      define_suspending(module, name, Traits::type(), &Traits::template step<function>);
    } else {
      define_plain(module, name, Traits::type(), &Traits::template call<function>);
    }
  }
  // A function of any type that answers the same i32 always; `parameters` as in FunctionType.
  void define_constant(std::string_view module, std::string_view name, std::string_view parameters,
                       std::int32_t answer);

  // All that was defined.
  struct Import {
    std::string module;
    std::string name;
    FunctionType type;
  };
  [[nodiscard]] const std::vector<Import>& imports() const { return known_; }

  // The type a module must import a name with; nothing when the name is unknown.
  [[nodiscard]] std::optional<FunctionType> type_of(std::string_view module,
                                                    std::string_view name) const;

  // Resolves a module's imports and checks that the pool can hold it. A Run calls `initializer`, if
  // the module exports it, and then `entry`, both of type () -> (). kInvalidModule.
  [[nodiscard]] base::Result<EntryPoint> link(const Module& module, std::string_view initializer,
                                              std::string_view entry) const;

 private:
  using Plain = bool (*)(Caller&, wasmtime_val_raw_t*);  // false: stop
  using Suspending = std::optional<Step> (*)(Caller&, wasmtime_val_raw_t*);

  template <class T>
  static T get(const wasmtime_val_raw_t& raw) {
    static_assert(std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
    if constexpr (sizeof(T) == 4) {
      return static_cast<T>(raw.i32);
    } else {
      return static_cast<T>(raw.i64);
    }
  }
  template <class T>
  static constexpr char letter() {
    return sizeof(T) == 4 ? 'i' : 'I';
  }

  template <class F>
  struct FunctionTraits;
  template <class R, class... Args>
  struct FunctionTraits<std::optional<R> (*)(Caller&, Args...)> {
    using Result = R;
    static FunctionType type() {
      FunctionType type;
      (type.parameters.push_back(letter<Args>()), ...);
      if constexpr (std::is_same_v<R, Step>) {
        type.results = "i";
      } else if constexpr (!std::is_same_v<R, Nothing>) {
        type.results = letter<R>();
      }
      return type;
    }
    template <auto function>
    static std::optional<R> apply(Caller& caller, const wasmtime_val_raw_t* values) noexcept {
      return [&]<std::size_t... i>(std::index_sequence<i...>) {
        return function(caller, get<Args>(values[i])...);
      }(std::index_sequence_for<Args...>{});
    }
    template <auto function>
    static bool call(Caller& caller, wasmtime_val_raw_t* values) noexcept {
      const std::optional<R> result = apply<function>(caller, values);
      if (!result) return false;
      if constexpr (!std::is_same_v<R, Nothing>) {
        if constexpr (sizeof(R) == 4) {
          values[0].i32 = static_cast<std::int32_t>(*result);
        } else {
          values[0].i64 = static_cast<std::int64_t>(*result);
        }
      }
      return true;
    }
    template <auto function>
    static std::optional<Step> step(Caller& caller, wasmtime_val_raw_t* values) noexcept {
      return apply<function>(caller, values);
    }
  };

  void define_plain(std::string_view module, std::string_view name, const FunctionType& type,
                    Plain function);
  void define_suspending(std::string_view module, std::string_view name, const FunctionType& type,
                         Suspending function);
  void remember(std::string_view module, std::string_view name, const FunctionType& type);

  static wasm_trap_t* call_plain(void* function, wasmtime_caller_t* caller,
                                 wasmtime_val_raw_t* values, std::size_t count) noexcept;
  static void call_suspending(void* function, wasmtime_caller_t* caller,
                              const wasmtime_val_t* arguments, std::size_t argument_count,
                              wasmtime_val_t* results, std::size_t result_count, wasm_trap_t** trap,
                              wasmtime_async_continuation_t* continuation) noexcept;

  Handle<wasmtime_linker_t, wasmtime_linker_delete> linker_;
  std::vector<Import> known_;
};

}  // namespace wasm
