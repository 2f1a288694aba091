// The admin listener: functions, versions, logs, the database, events, metrics and health
// (admin_path.h has the table).
//
// Everything below /admin/v1 asks for a service_role key. Every request must name this server as
// its host by an IP literal, `localhost` or the configured name. Work on the registry and the
// journal runs on the pool for blocking work, and so do answers whose length grows with what there
// is; a backup runs on the pool for long work.
#pragma once

#include <memory>
#include <string>

#include "http/admin_path.h"
#include "http/routes.h"
#include "http/shared_state.h"

namespace http {

class AdminRoutes final : public Routes {
 public:
  AdminRoutes(const SharedState& shared, std::string host)
      : shared_(shared), host_(std::move(host)) {}

  [[nodiscard]] std::string_view listener() const override { return "admin"; }
  [[nodiscard]] CrossOrigin cross_origin() const override { return CrossOrigin::kForbidden; }
  // The largest module, and what a form adds to it.
  [[nodiscard]] std::uint64_t max_body_bytes() const override;

  // kForbidden for another host or role, kNoCredential, kInvalidCredential.
  [[nodiscard]] base::Result<Pass> admit(const Request& head) const override;
  reactor::Task<Answer> answer(reactor::Loop& loop, Pass& pass, Request& request) override;

 private:
  // Requests outlive these Tasks; `path` points into theirs.
  reactor::Task<Answer> dispatch(reactor::Loop& loop, AdminPath path, Request& request);
  reactor::Task<Answer> after_change(reactor::Loop& loop, Answer answer);
  reactor::Task<Answer> create(reactor::Loop& loop, Request& request);
  reactor::Task<Answer> deploy(reactor::Loop& loop, std::string_view name, Request& request);
  reactor::Task<Answer> patch(std::string_view name, const Request& request);
  reactor::Task<Answer> remove(reactor::Loop& loop, std::string_view name);
  reactor::Task<Answer> versions(std::string_view name);
  reactor::Task<Answer> canary(std::string_view name, const Request& request);
  reactor::Task<Answer> rollback(reactor::Loop& loop, std::string_view name,
                                 const Request& request);
  // One at a time: each takes the disk another copy of the databases.
  reactor::Task<Answer> backup(const Request& request);
  reactor::Task<Answer> logs(std::string_view name, const Request& request);
  // Whether there is, or was, a function of the name whose invocations could be asked for.
  reactor::Task<bool> has_logs(std::string_view name);
  reactor::Task<Answer> change(reactor::Loop& loop, std::string_view name, Request& request);

  [[nodiscard]] reactor::Task<Answer> list() const;
  [[nodiscard]] reactor::Task<Answer> metrics() const;
  [[nodiscard]] Answer get(std::string_view name) const;

  const SharedState& shared_;
  const std::string host_;  // of the address that is listened on, as configured
  // Lives while one is made or sent. Of loop 0, as the listener is.
  std::weak_ptr<void> backup_;
};

}  // namespace http
