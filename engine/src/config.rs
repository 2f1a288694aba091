//! Engines: made with an error instead of an abort, and named by what code they can run.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::{align_of, size_of};

use wasmtime::{Config, Enabled, Engine, PoolingAllocationConfig};
use wasmtime_c_api::{
    wasm_config_t, wasm_engine_t, wasmtime_error_t, wasmtime_pooling_allocation_config_t,
};

// The C API's types wrap one field each, `#[repr(C)]`, which is private to its crate: a pointer to the one is a
// pointer to the other. These hold that true for the version that is pinned.
const _: () = {
    assert!(size_of::<wasm_config_t>() == size_of::<Config>());
    assert!(align_of::<wasm_config_t>() == align_of::<Config>());
    assert!(size_of::<wasm_engine_t>() == size_of::<Engine>());
    assert!(align_of::<wasm_engine_t>() == align_of::<Engine>());
    assert!(
        size_of::<wasmtime_pooling_allocation_config_t>() == size_of::<PoolingAllocationConfig>()
    );
};

/// `wasm_engine_new_with_config` ends the process when the pool cannot be reserved; this says why.
#[unsafe(no_mangle)]
pub extern "C" fn roost_engine_new(
    config: Box<wasm_config_t>,
    out: &mut *mut wasm_engine_t,
) -> Option<Box<wasmtime_error_t>> {
    let config = unsafe { Box::from_raw(Box::into_raw(config).cast::<Config>()) };
    match Engine::new(&config) {
        Ok(engine) => {
            *out = Box::into_raw(Box::new(engine)).cast();
            None
        }
        Err(error) => Some(Box::new(wasmtime_error_t::from(error))),
    }
}

/// Equal for two engines exactly when code compiled by the one loads in the other: version, processor features and
/// settings.
#[unsafe(no_mangle)]
pub extern "C" fn roost_engine_compatibility(engine: &wasm_engine_t) -> u64 {
    let engine = unsafe { &*std::ptr::from_ref(engine).cast::<Engine>() };
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// Resets a slot by asking the kernel which pages were written (`PAGEMAP_SCAN`, Linux 6.7), where it can say.
#[unsafe(no_mangle)]
pub extern "C" fn roost_pooling_pagemap_scan(config: &mut wasmtime_pooling_allocation_config_t) {
    let config = unsafe { &mut *std::ptr::from_mut(config).cast::<PoolingAllocationConfig>() };
    config.pagemap_scan(Enabled::Auto);
}
