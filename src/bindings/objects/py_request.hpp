// The requests of one asynchronous run, as Python holds them.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "bindings/objects/py_runtime.hpp"

namespace hbm::python {

// One request for each model of the run. Its functions may be called from any thread that holds the GIL.
class PyRequest {
 public:
  // Makes one without calls. It is started when Python has its object: pybind11 frees an object, without destroying it,
  // when there is no memory to register it, which does no harm to an empty one.
  PyRequest() = default;

  // Starts the calls. What they point into must stay until this returns; the arrays of `wanted` are held until the
  // last request has ended. Throws Error; then nothing was started.
  void start(std::shared_ptr<Loaded> loaded, const std::vector<Call>& calls, std::vector<WantedOutputs> wanted,
             CallOptions options);

  // Waits at most that many seconds, None without limit. Returns true if all have ended.
  [[nodiscard]] bool wait(const py::object& timeout) const;

  // The least advanced state while one is open; of ended ones that of the worst.
  [[nodiscard]] const char* state() const;

  [[nodiscard]] Result result() const;

  // The exception of the first that failed, else None.
  [[nodiscard]] py::object error() const;

  // All or none of them.
  [[nodiscard]] bool cancel() const;

  void abandon() const;

  // Calls `callback` with the GIL, once, when the last one has ended.
  void onDone(const py::object& callback) const;

  [[nodiscard]] py::typing::List<py::tuple> infos() const;

  [[nodiscard]] const std::vector<std::shared_ptr<Request>>& requests() const noexcept { return requests_; }

 private:
  // Calls `work`, which needs no GIL, when the last one has ended; at once when it has ended already.
  void whenDone(const std::function<void()>& work) const;

  std::shared_ptr<Loaded> loaded_;
  std::vector<std::size_t> models_;
  std::vector<WantedOutputs> wanted_;
  std::vector<std::shared_ptr<Request>> requests_;
};

// Python's object of a request.
class RequestObject : public py::object {
 public:
  RequestObject()
      : py::object(py::cast(std::make_unique<PyRequest>().release(), py::return_value_policy::take_ownership)) {}
  [[nodiscard]] PyRequest& request() const { return cast<PyRequest&>(); }
};

void bindRequest(py::module_& module);
void bindLoopWaker(py::module_& module);

}  // namespace hbm::python

template <>
struct pybind11::detail::handle_type_name<hbm::python::RequestObject> {
  static constexpr auto name = const_name("Request");
};
