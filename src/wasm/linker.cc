#include "wasm/linker.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "wasm/slot_turn.h"
#include "wasm/trap.h"

namespace wasm {
namespace {

constexpr std::size_t kMaxParameters = 16;
constexpr std::string_view kStopped = "stopped by the host";

wasm_trap_t* stop() { return wasmtime_trap_new(kStopped.data(), kStopped.size()); }

wasm_valtype_t* value_type(char letter) {
  return wasm_valtype_new(letter == 'i' ? WASM_I32 : WASM_I64);
}

Handle<wasm_functype_t, wasm_functype_delete> make_type(const FunctionType& type) {
  const auto make = [](const std::string& letters) {
    wasm_valtype_vec_t list;
    wasm_valtype_vec_new_uninitialized(&list, letters.size());
    std::ranges::transform(letters, list.data, value_type);
    return list;
  };
  wasm_valtype_vec_t parameters = make(type.parameters);
  wasm_valtype_vec_t results = make(type.results);
  return Handle<wasm_functype_t, wasm_functype_delete>(wasm_functype_new(&parameters, &results));
}

// Defining fails only when a name is taken twice: a mistake of ours, found at the first start.
void require(wasmtime_error_t* error) {
  if (error != nullptr) std::abort();
}

// The answer of define_constant is kept, and freed, by the C API together with the function.
wasm_trap_t* answer_constant(void* answer, wasmtime_caller_t*, wasmtime_val_raw_t* values,
                             std::size_t) {
  values[0].i32 = *static_cast<std::int32_t*>(answer);
  return nullptr;
}

bool already_done(void*) { return true; }

}  // namespace

Caller::Caller(wasmtime_caller_t* caller)
    : caller_(caller),
      context_(wasmtime_caller_context(caller)),
      store_(static_cast<Store*>(wasmtime_context_get_data(context_))) {}

std::span<std::uint8_t> Caller::memory() const {
  std::optional<wasmtime_memory_t>& memory = store_->memory_;
  if (!memory) {
    constexpr std::string_view kName = "memory";
    wasmtime_extern_t item;
    if (!wasmtime_caller_export_get(caller_, kName.data(), kName.size(), &item)) return {};
    if (item.kind != WASMTIME_EXTERN_MEMORY) {
      wasmtime_extern_delete(&item);
      return {};
    }
    memory = item.of.memory;
  }
  return {wasmtime_memory_data(context_, &*memory), wasmtime_memory_data_size(context_, &*memory)};
}

Linker::Linker(const Engine& engine) : linker_(wasmtime_linker_new(engine.get())) {}

void Linker::remember(std::string_view module, std::string_view name, const FunctionType& type) {
  known_.push_back({std::string(module), std::string(name), type});
}

std::optional<FunctionType> Linker::type_of(std::string_view module, std::string_view name) const {
  const auto found = std::ranges::find_if(
      known_, [&](const Import& known) { return known.module == module && known.name == name; });
  if (found == known_.end()) return std::nullopt;
  return found->type;
}

wasm_trap_t* Linker::call_plain(void* function, wasmtime_caller_t* raw, wasmtime_val_raw_t* values,
                                std::size_t /*count*/) noexcept {
  [[maybe_unused]] const SlotTurn stack(static_cast<const void*>(__builtin_frame_address(0)));
  Caller caller(raw);
  [[maybe_unused]] const SlotTurn memory([&] { return caller.memory().data(); });
  return reinterpret_cast<Plain>(function)(caller, values) ? nullptr : stop();
}

void Linker::call_suspending(void* function, wasmtime_caller_t* raw,
                             const wasmtime_val_t* arguments, std::size_t argument_count,
                             wasmtime_val_t* results, std::size_t /*result_count*/,
                             wasm_trap_t** trap,
                             wasmtime_async_continuation_t* continuation) noexcept {
  [[maybe_unused]] const SlotTurn stack(static_cast<const void*>(__builtin_frame_address(0)));
  std::array<wasmtime_val_raw_t, kMaxParameters> values;
  for (std::size_t i = 0; i < argument_count; ++i) {
    if (arguments[i].kind == WASMTIME_I32) {
      values.at(i).i32 = arguments[i].of.i32;
    } else {
      values.at(i).i64 = arguments[i].of.i64;
    }
  }
  Caller caller(raw);
  [[maybe_unused]] const SlotTurn memory([&] { return caller.memory().data(); });
  Suspension& suspension = caller.store_->suspension();
  *continuation = {.callback = already_done, .env = nullptr, .finalizer = nullptr};
  const std::optional<Step> step = reinterpret_cast<Suspending>(function)(caller, values.data());
  if (!step) {
    *trap = stop();
    return;
  }
  suspension.result_ = results;
  suspension.answered_ = false;
  if (!step->suspended) suspension.answer(step->value);
  continuation->env = &suspension;
  continuation->callback = [](void* env) {
    auto* waiting = static_cast<Suspension*>(env);
    if (waiting->answered_) waiting->result_ = nullptr;
    return waiting->result_ == nullptr;
  };
}

void Linker::define_plain(std::string_view module, std::string_view name, const FunctionType& type,
                          Plain function) {
  remember(module, name, type);
  require(wasmtime_linker_define_func_unchecked(
      linker_.get(), module.data(), module.size(), name.data(), name.size(), make_type(type).get(),
      call_plain, reinterpret_cast<void*>(function), nullptr));
}

void Linker::define_suspending(std::string_view module, std::string_view name,
                               const FunctionType& type, Suspending function) {
  remember(module, name, type);
  require(wasmtime_linker_define_async_func(
      linker_.get(), module.data(), module.size(), name.data(), name.size(), make_type(type).get(),
      call_suspending, reinterpret_cast<void*>(function), nullptr));
}

void Linker::define_constant(std::string_view module, std::string_view name,
                             std::string_view parameters, std::int32_t answer) {
  const FunctionType type{std::string(parameters), "i"};
  remember(module, name, type);
  require(wasmtime_linker_define_func_unchecked(
      linker_.get(), module.data(), module.size(), name.data(), name.size(), make_type(type).get(),
      answer_constant, new std::int32_t(answer),
      [](void* kept) { delete static_cast<std::int32_t*>(kept); }));
}

base::Result<EntryPoint> Linker::link(const Module& module, std::string_view initializer,
                                      std::string_view entry) const {
  wasmtime_instance_pre_t* pre = nullptr;
  if (auto* error = wasmtime_linker_instantiate_pre(linker_.get(), module.get(), &pre);
      error != nullptr) {
    return base::fail(base::Code::kInvalidModule, "cannot link the module: " + take_message(error));
  }
  const Handle<wasmtime_instance_pre_t, wasmtime_instance_pre_delete> linked(pre);
  auto* entry_point = roost_entry_point_new(linked.get(), initializer.data(), initializer.size(),
                                            entry.data(), entry.size());
  if (entry_point == nullptr) {
    return base::fail(base::Code::kInvalidModule, "the module exports no function `" +
                                                      std::string(entry) + "` of type () -> ()");
  }
  return EntryPoint(entry_point);
}

}  // namespace wasm
