# Debian 12's packages, each behind one imported target.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(date REQUIRED)  # date::date-tz, which reads the machine's time zones
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)  # tests compare with PostgreSQL
find_path(PG_QUERY_INCLUDE pg_query.h REQUIRED)
find_library(PG_QUERY_LIBRARY pg_query REQUIRED)
add_library(pg_query UNKNOWN IMPORTED)
set_target_properties(pg_query PROPERTIES
  IMPORTED_LOCATION ${PG_QUERY_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${PG_QUERY_INCLUDE})

# What takes the place of malloc, in programs that serve or measure; sanitizers bring their own. Linked whole, so that
# no other machine needs the package, and its calls are direct.
add_library(heap INTERFACE)
if(NOT ROOST_SANITIZE)
  find_library(TCMALLOC libtcmalloc_minimal.a REQUIRED)
  find_path(TCMALLOC_INCLUDE gperftools/malloc_extension.h REQUIRED)
  target_link_libraries(heap INTERFACE ${TCMALLOC} Threads::Threads)
  target_include_directories(heap INTERFACE ${TCMALLOC_INCLUDE})
endif()
