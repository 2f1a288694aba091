# One set of warnings for all of our own code.
add_library(roost_warnings INTERFACE)
target_compile_options(roost_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
option(ROOST_WERROR "Treat warnings as errors" OFF)
if(ROOST_WERROR)
  target_compile_options(roost_warnings INTERFACE -Werror)
endif()
