(module
  (import "roost" "respond" (func $respond (param i32 i32 i32 i32 i32)))
  (import "roost" "log" (func $log (param i32 i32 i32)))
  (import "roost" "event_read" (func $event_read (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello")
  (func (export "handle") (loop $l (br $l))))
