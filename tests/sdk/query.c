#include "query.h"

#include "roost.h"

static SdkResult seen(const roost_result* result) {
  SdkResult out = {.ok = result->ok, .text = result->text, .length = result->length};
  for (roost_json row, rest = roost_rows(result); roost_json_next(&rest, &row);) ++out.rows;
  out.count = roost_count(result);
  out.is_unique_violation = roost_failed_with(result, "23505");
  return out;
}

SdkResult sdk_query(const char* sql, const char* params) {
  roost_result result;
  roost_query(sql, params, &result);
  return seen(&result);
}

SdkResult sdk_batch(const char* batch) {
  roost_result result;
  roost_batch(batch, &result);
  return seen(&result);
}

char* sdk_params(size_t times, int64_t number, const char* text, size_t length) {
  roost_params params = {0};
  for (size_t i = 0; i < times; ++i) {
    roost_params_null(&params);
    roost_params_bool(&params, true);
    roost_params_bool(&params, false);
    roost_params_int64(&params, number);
    roost_params_text(&params, text, length);
    roost_params_value(&params, "{\"a\":1.5}", 9);
  }
  return (char*)roost_params_json(&params);
}
