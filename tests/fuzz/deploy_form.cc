// The form that deploys a function.
//
//   input = Content-Type, LF, body
// What is accepted can be stored and read again.
#include "http/deploy_form.h"

#include <string>

#include "catalog/function.h"
#include "fuzz/input.h"
#include "http/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string type(input.line());
  http::Request request;
  request.headers = {{"content-type", type}};
  request.body = input.rest();
  if (const auto boundary = http::boundary_of(type)) {
    const auto parts = http::parse_multipart(request.body, *boundary);
    fuzz::require(!parts || parts->size() <= http::kMaxParts, "there are not too many parts");
  }
  const auto form = http::read_deploy_form(request, "");
  if (!form) return 0;
  fuzz::require(catalog::is_function_name(form->config.name), "the name is a function's");
  fuzz::require(input.rest().find(form->module) != std::string_view::npos,
                "the module is of the body");
  const auto again = catalog::parse_config(catalog::to_json(form->config));
  fuzz::require(again && *again == form->config, "a configuration is stored as it was read");
  return 0;
}
