// The database's admin routes (admin_path.h): SQL, migrations, and who may see what.
//
// Each suspends until the database answers, at the latest at its deadline: 30 s for SQL, 10 min for
// migrations. `request` and `database` must outlive the Task.
#pragma once

#include "database/pool.h"
#include "http/message.h"
#include "reactor/loop.h"
#include "reactor/task.h"

namespace http {

reactor::Task<Answer> answer_sql(reactor::Loop& loop, database::Pool& database,
                                 const Request& request);
reactor::Task<Answer> answer_migrations(reactor::Loop& loop, database::Pool& database,
                                        const Request& request);
reactor::Task<Answer> answer_policies(reactor::Loop& loop, database::Pool& database);

}  // namespace http
