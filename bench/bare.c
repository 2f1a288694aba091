// The least a guest can do, for bench/invoke_simple_function.cc.
#include "roost.h"

void handle(void) {
  static const char body[] = "{\"message\":\"Hello, World!\"}";
  roost_respond_json(200, body, sizeof body - 1);
}
