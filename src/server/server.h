// The composition root: builds all rooms from a Config, and takes them down in order.
//
//   data folder → registry, keys → journal → loops → database → sandbox → deployer, invoker
//   → listeners
//
// One per process, and one per data folder. Its methods are called from one thread, the main one;
// nothing else in the program knows how the rooms fit together.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/error.h"
#include "server/config.h"
#include "server/keys_file.h"
#include "telemetry/log.h"

namespace server {

enum class Drained { kAll, kGraceOver };

class Server {
 public:
  // `program` is `roost`, which compiles modules as its own child. `log` must outlive the Server.
  // Binds both listeners, so that errors show before `start`. Blocks.
  static base::Result<std::unique_ptr<Server>> open(const Config& config,
                                                    std::filesystem::path program,
                                                    const telemetry::Log& log);
  virtual ~Server() = default;  // stops

  // What it wrote to keys.json: the addresses have the ports that were bound.
  [[nodiscard]] virtual const KeysFile& keys() const = 0;
  [[nodiscard]] virtual bool made_keys() const = 0;  // the first start in this folder

  virtual void start() = 0;

  // Accepts no more and waits for the calls under way, at most limits.drain_grace. Between two
  // looks it calls `pause`, which waits for the given time.
  using Pause = std::function<void(std::chrono::milliseconds)>;
  virtual Drained drain(const Pause& pause) = 0;

  // Ends what still runs and takes everything down; journal and database are whole at any time.
  virtual void stop() = 0;
};

}  // namespace server
