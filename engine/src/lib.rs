//! Wasmtime's C API as a static library, and the calls it lacks (declared in `include/roost_engine.h`).

pub use wasmtime_c_api::*;

mod config;
mod limiter;
mod run;
