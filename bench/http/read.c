// One indexed read under the caller's policies, answered as the host's JSON.
#include <stdint.h>
#include <string.h>

#define IMPORT(name) __attribute__((import_module("roost"), import_name(name)))
IMPORT("now") int64_t host_now(void);
IMPORT("db_query")
int32_t host_db_query(const char* sql, uint32_t sql_length, const char* params, uint32_t length);
IMPORT("result_read") uint32_t host_result_read(void* to, uint32_t offset, uint32_t length);
IMPORT("respond")
void host_respond(uint32_t status, const char* headers, uint32_t headers_length, const void* body,
                  uint32_t length);

static const char kSql[] = "SELECT id, title, stars FROM notes WHERE id = $1";
static const char kHeaders[] = "content-type: application/json";

__attribute__((export_name("handle"))) void handle(void) {
  // As cheap as the peers' Math.random(): the clock's nanoseconds, stirred (Knuth's multiplier).
  uint32_t number = (uint32_t)(((uint64_t)host_now() * 6364136223846793005U) >> 40U);
  number = number % 1000 * 100 + 1;
  char params[16];
  char* at = params + sizeof params;
  *--at = ']';
  do *--at = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  *--at = '[';
  const int32_t size =
      host_db_query(kSql, sizeof kSql - 1, at, (uint32_t)(params + sizeof params - at));
  static char result[4096];
  const uint32_t length = size < 0 ? (uint32_t)-size : (uint32_t)size;
  host_result_read(result, 0, length < sizeof result ? length : sizeof result);
  host_respond(size < 0 ? 500 : 200, kHeaders, sizeof kHeaders - 1, result, length);
}
