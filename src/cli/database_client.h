// The database's admin routes as `roost db` uses them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "cli/admin_client.h"
#include "database/migration.h"
#include "database/policy.h"

namespace cli {

class DatabaseClient {
 public:
  static Outcome<DatabaseClient> connect(const ConnectionOptions& options, const World& world);

  // `request` is POST /admin/v1/sql's, `sql` the text in it. The answer is JSON as it came:
  // {"results":[…]}. An SQL error is told with PostgreSQL's code and the line where it is.
  [[nodiscard]] Outcome<std::string> run(const boost::json::value& request,
                                         std::string_view sql) const;
  // The versions that ran now.
  [[nodiscard]] Outcome<std::vector<std::uint64_t>> migrate(
      const std::vector<database::Migration>& migrations) const;
  // kFailed when the server names a role or a command that this program does not know: a check that
  // passed over it would be none.
  [[nodiscard]] Outcome<std::vector<database::TableSecurity>> security() const;

 private:
  explicit DatabaseClient(AdminClient admin) : admin_(std::move(admin)) {}
  [[nodiscard]] Outcome<HttpResponse> post(std::string_view path,
                                           const boost::json::value& body) const;

  AdminClient admin_;
};

}  // namespace cli
