// What every program of a sanitized build begins with, whoever starts it and with whichever
// environment; ASAN_OPTIONS and the like are read after these. Wasmtime takes guests' faults itself
// (handle_segv), unwinds from a signal's handler (report_signal_unsafe), past frames, and changes
// stacks, without a word to ASan (detect_stack_use_after_return).
// Sanitizers ask for these before they can bear instrumented code: this file is compiled without.

extern "C" {

const char* __asan_default_options() {
  return "handle_segv=0:detect_stack_use_after_return=0:check_initialization_order=1";
}

const char* __ubsan_default_options() { return "print_stacktrace=1"; }

const char* __tsan_default_options() {
  return "handle_segv=0:report_signal_unsafe=0:halt_on_error=1";
}

// Wasmtime is not instrumented, what it calls of libc is: it makes memories, stacks and signal
// stacks new for the next call, between locks of Rust's. No function of ours is called below these.
const char* __tsan_default_suppressions() {
  return "race:wasmtime::runtime::vm::cow\n"
         "race:PoolingInstanceAllocator*deallocate\n"
         "race:wasmtime::runtime::vm::sys::unix::signals::lazy_per_thread_init\n";
}
}
