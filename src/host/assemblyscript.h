// What AssemblyScript's compiler imports besides: `env.abort`, called by its runtime on a failed
// assertion.
#pragma once

#include <cstdint>

#include "host/functions.h"

namespace host {

// Stops the guest (kTrap) with its message and place. Strings are AssemblyScript's: a pointer to
// UTF-16LE text whose length in bytes stands in the 4 bytes before it; 0 is none.
Answer<Unit> assemblyscript_abort(Call& call, GuestMemory memory, std::uint32_t message,
                                  std::uint32_t file, std::uint32_t line, std::uint32_t column);

}  // namespace host
