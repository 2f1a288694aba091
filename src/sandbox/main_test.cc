// The tests of this room are a program that can be its own compiler, as `roost` is: `PROGRAM
// compile`.
#include <gtest/gtest.h>

#include "sandbox/compiler.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "compile") return sandbox::compile_main(0, 1);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
