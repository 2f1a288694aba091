// SQL functions that both connections of a pair have: the caller's identity, and what PostgreSQL
// means where SQLite means something else.
//
//   auth_uid() auth_role() auth_jwt()        the caller; NULL when there is none (uid)
//   pg_div(a,b) pg_mod(a,b)                  `/` and `%`: 22012 at zero; integers truncate
//   pg_int(x) pg_bigint(x) pg_float(x) pg_text(x) pg_bool(x) pg_json(x)
//                                            casts: 22P02, 22003 (pg_int: 32 bits)
//   pg_substr(s,from[,count]) pg_left(s,n) pg_right(s,n) pg_strpos(s,t) pg_lpad pg_rpad pg_repeat
//   pg_split_part(s,d,n) pg_initcap(s) pg_reverse(s) pg_concat(…) pg_concat_ws(sep,…)
//   pg_greatest(…) pg_least(…)               NULLs are passed over
//   pg_round(x[,n]) pg_trunc(x) pg_ceil(x) pg_floor(x) pg_power(a,b) pg_sqrt(x)
//                                            round(x) is double precision's (halves to even),
//                                            round(x,n) numeric's (halves away from zero)
//   pg_random()                              [0, 1)
//   pg_now()                                 '2026-01-02 03:04:05.678901+00', the statement's time
//   pg_uuid()                                gen_random_uuid()
//   pg_ilike(s, pattern[, escape])           ASCII case
//   pg_add(a,b) pg_subtract(a,b) pg_multiply(a,b)
//                                            22003 where integers overflow
//   pg_limit(n) pg_offset(n)                 NULL is none; 2201W, 2201X of a negative one
//   pg_json_path(key)                        '$."key"', '$[2]': what json -> key looks at
//   pg_json_text(j)                          a member as ->> shows it: a text of any value
//   pg_single(x)                             aggregate: the one value; 21000 of more rows
//   pg_string_agg(x, separator, order, key…) pg_json_agg(x, order, key…)
//                                            aggregates in an order of their own: two letters for
//                                            each key, a or d and f or l (NULLS FIRST or LAST); a u
//                                            before them leaves out equal values
//   pg_default()                             kDefaultMarker, which stands for DEFAULT
//   roost_refuse(error)                      fails with it; of a policy that no longer fits
//
// Characters are UTF-8's, letters ASCII's. NaN is an error: SQLite would keep it as NULL.
// An error's message begins with its SQLSTATE and ": ", which failure.h takes off again.
#pragma once

#include <string>
#include <string_view>

#include <sqlite3.h>

#include "auth/principal.h"

namespace database::sqlite {

// A blob that no column holds by chance; a guest that sends it asks for DEFAULT, as it may.
inline constexpr std::string_view kDefaultMarker{"\0roost default", 14};

// What the functions read; lives as long as the connection.
struct Caller {
  auth::Role role = auth::Role::kAnon;
  std::string user_id;  // empty: NULL
  std::string claims = "{}";
  std::string now;  // set by pg_now at its first use, cleared before each transaction
};

// SQLITE_OK, or SQLite's error. All are SQLITE_INNOCUOUS; those that depend on their arguments (and
// the caller) alone are SQLITE_DETERMINISTIC.
int register_functions(sqlite3* connection, Caller& caller);

}  // namespace database::sqlite
