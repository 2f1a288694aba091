// Gives each file of a folder to a target, once: so what a fuzzer found stays a test of every
// build.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/input.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: PROGRAM FOLDER\n", stderr);
    return EXIT_FAILURE;
  }
  int replayed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    // Before it runs: the last name that is printed is the one that failed.
    std::printf("%s\n", entry.path().filename().c_str());
    std::fflush(stdout);
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    // Exactly as large as the input, so that a sanitizer sees a read past its end.
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++replayed;
  }
  fuzz::require(replayed > 0, std::string("there are inputs in ") + argv[1]);
}
