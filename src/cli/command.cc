#include "cli/command.h"

#include <utility>

namespace cli {

Failure failure_of(const base::Error& error) {
  const bool usage = error.code == base::Code::kInvalidArgument;
  return {usage ? ExitCode::kUsage : ExitCode::kFailed, error.message};
}

std::unexpected<Failure> fail(ExitCode exit, std::string message) {
  return std::unexpected(Failure{exit, std::move(message)});
}

ExitCode report(World& world, const Failure& failure) {
  world.out.flush();
  world.err << "roost: " << failure.message << '\n';
  return failure.exit;
}

}  // namespace cli
