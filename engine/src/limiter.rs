//! What one store may use: the C API's limiter counts each memory by itself and tells nobody that it refused.
//!
//! A `roost_limiter_t` sums the memories and tables of its store, keeps the peak, and debits a budget that all
//! stores share. What passes the store's limit or the budget is refused by an error, which ends the guest: it is
//! not an answer the guest could carry on with. What passes a maximum that the module itself declares is refused by -1,
//! as the specification has it.

use std::mem::{align_of, size_of};
use std::sync::atomic::{AtomicI64, Ordering};

use wasmtime::{Error, ResourceLimiter, Result};
use wasmtime_c_api::{WasmtimeStore, wasmtime_store_t};

pub const ROOST_REFUSED_BY_LIMIT: u8 = 1;
pub const ROOST_REFUSED_BY_BUDGET: u8 = 2;

/// A table's element is a pointer.
const TABLE_ELEMENT_BYTES: usize = 8;
const ADDRESSABLE_BYTES: u64 = 1 << 32;

/// The same layout as in `roost_engine.h`.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct roost_limiter_t {
    limit_bytes: u64,
    used_bytes: u64,
    peak_bytes: u64,
    /// What the store would have used had it been let; 0 when nothing was refused.
    refused_bytes: u64,
    /// Bytes that all stores together may still take; outlives the limiter.
    budget: *mut i64,
    refused_by: u8,
}

unsafe impl Send for roost_limiter_t {}

impl roost_limiter_t {
    fn budget(&self) -> &AtomicI64 {
        unsafe { AtomicI64::from_ptr(self.budget) }
    }

    fn refuse(&mut self, by: u8, wanted: u64) -> Error {
        self.refused_by = by;
        self.refused_bytes = wanted;
        Error::msg("memory refused by the host")
    }

    fn grow(&mut self, current: usize, desired: usize) -> Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        let wanted = self.used_bytes.saturating_add(more);
        if wanted > self.limit_bytes {
            return Err(self.refuse(ROOST_REFUSED_BY_LIMIT, wanted));
        }
        // Within the limit, so far below i64::MAX.
        let debit = more as i64;
        if self.budget().fetch_sub(debit, Ordering::Relaxed) < debit {
            self.budget().fetch_add(debit, Ordering::Relaxed);
            return Err(self.refuse(ROOST_REFUSED_BY_BUDGET, wanted));
        }
        self.used_bytes = wanted;
        self.peak_bytes = self.peak_bytes.max(wanted);
        Ok(true)
    }
}

impl ResourceLimiter for roost_limiter_t {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        // A maximum of all that can be addressed is none of the module's own.
        if maximum.is_some_and(|maximum| desired > maximum && (maximum as u64) < ADDRESSABLE_BYTES)
        {
            return Ok(false);
        }
        self.grow(current, desired)
    }

    /// Called for growth past what 32 bits can address, which nobody asked `memory_growing` about, and when the
    /// system refused what was approved. Neither gives a debit back: there is no telling here which of the two
    /// it is but by the text, and counting too much is safe where counting too little is not.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        if error.to_string().contains("type's limits") {
            return Err(self.refuse(ROOST_REFUSED_BY_LIMIT, ADDRESSABLE_BYTES));
        }
        Err(self.refuse(ROOST_REFUSED_BY_BUDGET, self.used_bytes))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(
            current.saturating_mul(TABLE_ELEMENT_BYTES),
            desired.saturating_mul(TABLE_ELEMENT_BYTES),
        )
    }
}

const _: () = {
    assert!(size_of::<wasmtime_store_t>() == size_of::<WasmtimeStore>());
    assert!(align_of::<wasmtime_store_t>() == align_of::<WasmtimeStore>());
};

/// `limiter` must outlive the store and may be read by its owner whenever no call of the store is under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn roost_store_limiter(
    store: &mut wasmtime_store_t,
    limiter: *mut roost_limiter_t,
) {
    struct Pointer(*mut roost_limiter_t);
    unsafe impl Send for Pointer {}
    unsafe impl Sync for Pointer {}
    let limiter = Pointer(limiter);
    let store = unsafe { &mut *std::ptr::from_mut(store).cast::<WasmtimeStore>() };
    store.limiter(move |_| {
        let limiter = &limiter;
        unsafe { &mut *limiter.0 }
    });
}

/// Gives back to the budget what the store had taken: call it once, when the store is gone.
#[unsafe(no_mangle)]
pub extern "C" fn roost_limiter_release(limiter: &mut roost_limiter_t) {
    let used = std::mem::take(&mut limiter.used_bytes);
    limiter.budget().fetch_add(used as i64, Ordering::Relaxed);
}
