// Greets whom the caller names: {"name":"Ada"} is answered {"message":"Hello, Ada!"}.
#include "roost.h"

static const char kOpening[] = "{\"message\":\"Hello, ";
static const char kClosing[] = "!\"}";

static void greet(const char* name, size_t length) {
  const size_t capacity = sizeof kOpening + 6 * length + sizeof kClosing;
  char* const text = malloc(capacity);

  // The answer's buffer is large enough for the log line too.
  strcpy(text, "greeting ");
  memcpy(text + strlen(text), name, length + 1);
  roost_log_info(text);

  strcpy(text, kOpening);
  size_t used = strlen(text);
  used += roost_json_escape(name, length, text + used, capacity - used);
  strcpy(text + used, kClosing);
  roost_respond_json(200, text, used + strlen(kClosing));
}

void handle(void) {
  size_t length = 0;
  char* const body = roost_body(&length);
  char* const name = malloc(length + 1);
  const ptrdiff_t name_length = roost_json_string(body, length, "name", name, length + 1);
  if (name_length < 0) {
    greet("World", strlen("World"));
  } else {
    greet(name, (size_t)name_length);
  }
}
