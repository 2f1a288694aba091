// Compiled code in a folder, each piece with a seal that says whose it is.
//
//   <module sha-256>-<engine compatibility>.code   what the compiler wrote
//   <the same>.seal                                HMAC(key, module sha-256 || compatibility ||
//   SHA-256 of the code)
//
// Code is machine code that we run, so a file is opened only when its seal holds (I5): a damaged,
// swapped or foreign file is as good as missing, and is made again. The seal is keyed, so that
// writing into the folder is not enough to get code run. A cache: may be deleted at any time,
// its folder too. Safe on any thread; every call blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/error.h"
#include "sandbox/descriptor.h"

namespace sandbox {

class CodeStore {
 public:
  CodeStore(std::filesystem::path folder, std::uint64_t compatibility, std::string key);

  // The file, checked whole through the very descriptor that is returned; nothing when it is
  // missing or its seal does not hold.
  [[nodiscard]] std::optional<Descriptor> open(const base::Sha256& module) const;

  // Lets `write` fill a new file and puts it in place, sealed. Errors of `write`; kStorage.
  base::Result<void> put(const base::Sha256& module,
                         const std::function<base::Result<void>(int descriptor)>& write) const;

  // Of a module that turned out to be none for this server.
  void remove(const base::Sha256& module) const;

  // Deletes what no call can use any more: files that a crash left unfinished, and code of other
  // engines. What stays is `Left`, until `keep_only`. Before the first `put`.
  using Left = std::vector<std::filesystem::path>;
  [[nodiscard]] Left sweep() const;

  // Deletes those of the files that an earlier run left which are of any other module.
  void keep_only(const std::set<base::Sha256>& modules, const Left& left) const;

 private:
  [[nodiscard]] std::filesystem::path path(const base::Sha256& module,
                                           std::string_view ending) const;
  [[nodiscard]] std::string seal(const base::Sha256& module, const base::Sha256& code) const;

  const std::filesystem::path folder_;
  const std::uint64_t compatibility_;
  const std::string key_;
};

}  // namespace sandbox
