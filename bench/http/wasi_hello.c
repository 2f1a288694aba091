// The peer: what bare.c answers, for `wasmtime serve` once wasmtime_serve.mjs has made a component
// of it (WASI 0.2, wasi:http/proxy). Names and flattened signatures are the canonical ABI's
// (component-model/design/mvp/CanonicalABI.md); the version is that of the interfaces which
// scripts/bench-peers brings.
#define HTTP(name) __attribute__((import_module("wasi:http/types@0.2.12"), import_name(name)))
#define STREAMS(name) __attribute__((import_module("wasi:io/streams@0.2.12"), import_name(name)))

typedef int Handle;

HTTP("[constructor]fields") Handle fields(void);
HTTP("[method]fields.append")
void fields_append(Handle fields, const char* name, int name_length, const char* value, int length,
                   void* result);
HTTP("[constructor]outgoing-response") Handle outgoing_response(Handle fields);
HTTP("[method]outgoing-response.body") void outgoing_response_body(Handle response, void* result);
HTTP("[static]response-outparam.set")
void outparam_set(Handle outparam, int is_error, int response, int, long long, int, int, int, int);
HTTP("[method]outgoing-body.write") void outgoing_body_write(Handle body, void* result);
HTTP("[static]outgoing-body.finish")
void outgoing_body_finish(Handle body, int has_trailers, int, void* result);
HTTP("[resource-drop]incoming-request") void drop_incoming_request(Handle request);
STREAMS("[method]output-stream.blocking-write-and-flush")
void write_and_flush(Handle stream, const char* bytes, int length, void* result);
STREAMS("[resource-drop]output-stream") void drop_output_stream(Handle stream);

// Room for any of the results: a discriminant, then the value.
static struct {
  int is_error;
  Handle handle;
  char more[56];
} result;

// Where the text of an error would go; there is none here.
void* cabi_realloc(void* old, int old_size, int alignment, int size)
    __attribute__((export_name("cabi_realloc")));

void* cabi_realloc(void* old, int old_size, int alignment, int size) {
  (void)old, (void)old_size, (void)alignment, (void)size;
  __builtin_trap();
}

void handle(Handle request, Handle outparam)
    __attribute__((export_name("wasi:http/incoming-handler@0.2.12#handle")));

void handle(Handle request, Handle outparam) {
  static const char name[] = "content-type";
  static const char type[] = "application/json";
  static const char text[] = "{\"message\":\"Hello, World!\"}";
  const Handle headers = fields();
  fields_append(headers, name, sizeof name - 1, type, sizeof type - 1, &result);
  const Handle response = outgoing_response(headers);
  outgoing_response_body(response, &result);
  const Handle body = result.handle;
  outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
  outgoing_body_write(body, &result);
  const Handle stream = result.handle;
  write_and_flush(stream, text, sizeof text - 1, &result);
  drop_output_stream(stream);
  outgoing_body_finish(body, 0, 0, &result);
  drop_incoming_request(request);
}
