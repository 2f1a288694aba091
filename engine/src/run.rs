//! One run of a guest, from its fresh instance to its end, as one future.
//!
//! The C API has a future for each step, looks exports up by name in every instance, and calls by values whose types it
//! checks each time. Here a module's exports are found and checked once; a run is one allocation and one poll.

use std::future::Future;
use std::mem::{align_of, size_of};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use wasmtime::{
    Error, ExternType, Instance, InstancePre, Module, ModuleExport, Result, Trap, TypedFunc,
};
use wasmtime_c_api::{
    WasmtimeStore, WasmtimeStoreData, wasmtime_error_t, wasmtime_instance_pre_t, wasmtime_store_t,
};

const _: () = {
    assert!(size_of::<wasmtime_instance_pre_t>() == size_of::<InstancePre<WasmtimeStoreData>>());
    assert!(align_of::<wasmtime_instance_pre_t>() == align_of::<InstancePre<WasmtimeStoreData>>());
    assert!(size_of::<wasmtime_error_t>() == size_of::<Error>());
    assert!(align_of::<wasmtime_error_t>() == align_of::<Error>());
};

/// A linked module and what of it a run calls, each of type `() -> ()`.
#[allow(non_camel_case_types)]
pub struct roost_entry_point_t {
    linked: InstancePre<WasmtimeStoreData>,
    initializer: Option<ModuleExport>,
    entry: ModuleExport,
}

/// Nothing when the module exports no such function of that type.
fn find(module: &Module, name: &[u8]) -> Option<ModuleExport> {
    let name = std::str::from_utf8(name).ok()?;
    match module.get_export(name)? {
        ExternType::Func(ty) if ty.params().len() == 0 && ty.results().len() == 0 => {
            module.get_export_index(name)
        }
        _ => None,
    }
}

/// Null when the module exports no `entry`; `initializer` may be missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn roost_entry_point_new(
    linked: &wasmtime_instance_pre_t,
    initializer: *const u8,
    initializer_length: usize,
    entry: *const u8,
    entry_length: usize,
) -> Option<Box<roost_entry_point_t>> {
    let linked =
        unsafe { &*std::ptr::from_ref(linked).cast::<InstancePre<WasmtimeStoreData>>() }.clone();
    let name = |start, length| unsafe { std::slice::from_raw_parts(start, length) };
    let initializer = find(linked.module(), name(initializer, initializer_length));
    let entry = find(linked.module(), name(entry, entry_length))?;
    Some(Box::new(roost_entry_point_t {
        linked,
        initializer,
        entry,
    }))
}

#[unsafe(no_mangle)]
pub extern "C" fn roost_entry_point_delete(_entry_point: Box<roost_entry_point_t>) {}

async fn call(store: &mut WasmtimeStore, instance: Instance, export: &ModuleExport) -> Result<()> {
    let function = instance
        .get_module_export(&mut *store, export)
        .and_then(|item| item.into_func())
        .ok_or_else(|| Error::msg("the function is not there any more"))?;
    // `find` has seen its type.
    let function = unsafe { TypedFunc::<(), ()>::new_unchecked(&*store, function) };
    function.call_async(store, ()).await
}

async fn run(store: &mut WasmtimeStore, entry_point: &roost_entry_point_t) -> Result<()> {
    let instance = entry_point.linked.instantiate_async(&mut *store).await?;
    if let Some(initializer) = &entry_point.initializer {
        call(store, instance, initializer).await?;
    }
    call(store, instance, &entry_point.entry).await
}

#[allow(non_camel_case_types)]
pub struct roost_run_t<'a>(Pin<Box<dyn Future<Output = Result<()>> + 'a>>);

/// Both outlive the run; nothing else touches the store until the run is deleted, but for host functions.
#[unsafe(no_mangle)]
pub extern "C" fn roost_run_new<'a>(
    entry_point: &'a roost_entry_point_t,
    store: &'a mut wasmtime_store_t,
) -> Box<roost_run_t<'a>> {
    let store = unsafe { &mut *std::ptr::from_mut(store).cast::<WasmtimeStore>() };
    Box::new(roost_run_t(Box::pin(run(store, entry_point))))
}

/// True when the run is over: then `error` is set if it did not reach its end. Not to be called again after that.
#[unsafe(no_mangle)]
pub extern "C" fn roost_run_poll(
    run: &mut roost_run_t<'_>,
    error: &mut Option<Box<wasmtime_error_t>>,
) -> bool {
    match run.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => false,
        Poll::Ready(Ok(())) => true,
        Poll::Ready(Err(failure)) => {
            *error = Some(Box::new(wasmtime_error_t::from(failure)));
            true
        }
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn roost_run_delete(_run: Box<roost_run_t<'_>>) {}

/// False when the error is no trap of the guest's code.
#[unsafe(no_mangle)]
pub extern "C" fn roost_error_trap_code(error: &wasmtime_error_t, code: &mut u8) -> bool {
    let error = unsafe { &*std::ptr::from_ref(error).cast::<Error>() };
    match error.downcast_ref::<Trap>() {
        Some(trap) => {
            *code = *trap as u8;
            true
        }
        None => false,
    }
}
