/* What engine/ adds to Wasmtime's C API. See the Rust files beside it for the reasons. */
#ifndef ROOST_ENGINE_H
#define ROOST_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wasmtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Takes `config`. On failure returns the error, owned by the caller, and leaves `*out` alone. */
wasmtime_error_t* roost_engine_new(wasm_config_t* config, wasm_engine_t** out);

/* Equal exactly when code compiled by one engine loads in the other. */
uint64_t roost_engine_compatibility(const wasm_engine_t* engine);

/* Uses PAGEMAP_SCAN to reset slots where the kernel has it. */
void roost_pooling_pagemap_scan(wasmtime_pooling_allocation_config_t* config);

enum roost_refused_by {
  ROOST_REFUSED_NOTHING = 0,
  ROOST_REFUSED_BY_LIMIT = 1,
  ROOST_REFUSED_BY_BUDGET = 2,
};

/* Limits and accounts of one store, memories and tables together, in bytes. */
typedef struct roost_limiter_t {
  uint64_t limit_bytes;
  uint64_t used_bytes;
  uint64_t peak_bytes;
  uint64_t refused_bytes; /* what the store would have used; 0 when nothing was refused */
  int64_t* budget;        /* shared, changed atomically; outlives the limiter */
  uint8_t refused_by;     /* enum roost_refused_by */
} roost_limiter_t;

/* `limiter` must outlive the store. */
void roost_store_limiter(wasmtime_store_t* store, roost_limiter_t* limiter);

/* Gives back to the budget what the store had taken; once, when the store is gone. */
void roost_limiter_release(roost_limiter_t* limiter);

/* A linked module and what a run of it calls: `initializer` if the module exports it, then `entry`,
 * both of type
 * () -> (). NULL when there is no such `entry`. Immutable: runs on any threads share it. */
typedef struct roost_entry_point_t roost_entry_point_t;
roost_entry_point_t* roost_entry_point_new(const wasmtime_instance_pre_t* linked,
                                           const char* initializer, size_t initializer_length,
                                           const char* entry, size_t entry_length);
void roost_entry_point_delete(roost_entry_point_t* entry_point);

/* One run: a fresh instance, and the calls. Both outlive it. As wasmtime/async.h has it of futures,
 * nothing else touches the store until the run is deleted; deleting it early drops the guest's
 * stack. */
typedef struct roost_run_t roost_run_t;
roost_run_t* roost_run_new(const roost_entry_point_t* entry_point, wasmtime_store_t* store);
/* True when it is over: then `*error`, owned by the caller, says why if it did not reach its end.
 * Not to be called again after that. */
bool roost_run_poll(roost_run_t* run, wasmtime_error_t** error);
void roost_run_delete(roost_run_t* run);

/* False when the error is no trap of the guest's own code. */
bool roost_error_trap_code(const wasmtime_error_t* error, wasmtime_trap_code_t* code);

#ifdef __cplusplus
}
#endif

#endif
