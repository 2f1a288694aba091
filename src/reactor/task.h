// The coroutine type of all that runs on a loop.
//
// A Task runs on the loop that its caller runs on and is resumed there only. Coroutines take
// parameters by value, or by a reference whose comment says that it must outlive the Task.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace reactor {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T>
using Task = asio::awaitable<T, Executor>;

// The completion token that makes an Asio operation awaitable in a Task.
inline constexpr asio::use_awaitable_t<Executor> kAwait{};

}  // namespace reactor
