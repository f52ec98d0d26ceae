// Which driver is in use, and what it can tell about itself.
#include <pybind11/stl/filesystem.h>

#include <filesystem>

#include "bindings/bindings.hpp"
#include "bindings/interpreter/gil.hpp"
#include "core/driver/status.hpp"
#include "hbm_runtime/driver_info.hpp"
#include "hbm_runtime/error.hpp"
#include "hobot/hb_ucp_status.h"
#include "loader/driver.hpp"
#include "loader/driver_search.hpp"

namespace hbm::python {
namespace {

using InfoDict = py::typing::Dict<py::str, py::str>;

InfoDict infoDict() {
  const DriverInfo info = withoutGil([] { return driverInfo(); });
  py::dict dict;
  dict["kind"] = info.kind;
  dict["soc"] = info.soc;
  dict["hbucp_path"] = info.hbucpPath;
  dict["hbucp_version"] = info.hbucpVersion;
  dict["dnn_path"] = info.dnnPath;
  dict["dnn_version"] = info.dnnVersion;
  dict["chosen_by"] = info.chosenBy;
  // Children of a process that only asks can use the driver.
  const auto describe = Driver::described().extensionFunction(&bpusimInterface::describeEngines);
  dict["engine"] = describe == nullptr ? "" : withoutGil(describe);
  return InfoDict(dict);
}

// A function of the driver extension. Throws Error (kUnsupported).
template <class Member>
Member extensionFunction(Member bpusimInterface::* member, const Driver& driver = Driver::get()) {
  const Member function = driver.extensionFunction(member);
  if (function == nullptr) {
    throw Error(ErrorKind::kUnsupported,
                "this driver (" + driver.info.dnnPath + ") cannot tell that; bpusim, the driver on the CPU, can");
  }
  return function;
}

py::typing::Dict<py::str, py::int_> liveDict() {
  bpusimLive live{};
  extensionFunction (&bpusimInterface::getLive)(&live);
  py::dict dict;
  dict["tasks"] = live.tasks;
  dict["packed_models"] = live.packedModels;
  dict["allocations"] = live.allocations;
  dict["allocated_bytes"] = live.allocatedBytes;
  dict["allocation_calls"] = live.allocationCalls;
  return py::typing::Dict<py::str, py::int_>(dict);
}

py::typing::List<py::typing::Dict<py::str, py::int_>> coreLoads() {
  const Driver& driver = Driver::described();  // forks of a process that only asks can use the driver
  std::int32_t count = 0;
  extensionFunction(&bpusimInterface::getCoreCount, driver)(&count);
  const auto get = extensionFunction(&bpusimInterface::getCoreLoad, driver);
  py::typing::List<py::typing::Dict<py::str, py::int_>> cores;
  for (std::int32_t core = 0; core < count; ++core) {
    bpusimCoreLoad load{};
    get(&load, core);
    py::dict dict;
    dict["busy_ns"] = load.busyNs;
    dict["finished_tasks"] = load.finishedTasks;
    dict["running"] = load.running;
    dict["queued"] = load.queued;
    cores.append(dict);
  }
  return cores;
}

py::typing::List<py::typing::Dict<py::str, py::object>> driverSearch(const std::string& choice) {
  py::typing::List<py::typing::Dict<py::str, py::object>> places;
  for (const DriverCandidate& candidate : driverCandidates(choice)) {
    py::dict dict;
    dict["hbucp"] = candidate.hbucp;
    dict["dnn"] = candidate.dnn;
    dict["chosen_by"] = candidate.chosenBy;
    dict["required"] = candidate.required;
    places.append(dict);
  }
  return places;
}

void setFaults(const std::string& spec) {
  const std::int32_t status = extensionFunction(&bpusimInterface::setFaults)(spec.c_str());
  if (status == HB_UCP_INVALID_ARGUMENT) {
    throw Error(ErrorKind::kInput, extensionFunction(&bpusimInterface::lastError)());
  }
  check(Driver::get(), "setFaults", status);
}

}  // namespace

void bindDriver(py::module_& module) {
  watchInterpreter();
  module.def(
      "driver_info", &infoDict,
      "Which driver is in use; loads it if that has not happened.\n\n"
      "Keys: kind (\"vendor\" or \"bpusim\"), soc, hbucp_path, hbucp_version, dnn_path, dnn_version, chosen_by "
      "(\"HBM_RUNTIME_DRIVER\", \"load_driver\", \"system\" or \"package\"), engine (what computes on bpusim, and "
      "which loaded models another engine computes than was asked for, with the reason)."
      " Raises DriverNotFoundError.");
  module.def("refuse_fork", &Driver::refuseFork,
             "Raises HbmForkError in a fork of a process that used the driver: its threads and locks are not there.");
  module.def("is_forked", &Driver::forked, "Returns True in such a fork.");
  module.def("driver_loaded", &driverLoaded, "Returns True if this process has loaded a driver.");
  module.def(
      "load_driver", [](const std::filesystem::path& choice) { withoutGil([&] { loadDriver(choice.string()); }); },
      py::arg("choice"),
      "Chooses and loads the driver, before anything else does.\n\n"
      "Args:\n    choice: \"vendor\", \"bpusim\", or a directory with libhbucp.so and libdnn.so.\n\n"
      "Does nothing when that one is in use already. Raises HbmStateError when another one is, DriverNotFoundError "
      "when this one cannot be.");
  module.def("driver_search", &driverSearch, py::arg("choice") = "",
             "Where a driver is looked for, in order, without loading one: hbucp and dnn (paths, or names for the "
             "dynamic linker), chosen_by, required (nothing behind it is tried when it fails).");
  module.def("driver_live", &liveDict,
             "What clients of bpusim hold at this moment: tasks, packed_models, allocations, allocated_bytes, and the "
             "running count allocation_calls. Raises UnsupportedError on other drivers.");
  module.def("core_loads", &coreLoads,
             "What each core of bpusim has done since the driver was loaded and does now: busy_ns, finished_tasks, "
             "running (0 or 1), queued (waiting tasks that may run there). Raises UnsupportedError on other drivers.");
  module.def("set_faults", &setFaults, py::arg("spec"),
             "Replaces bpusim's faults by those of spec, in the grammar of BPUSIM_FAULT; \"\" removes them. Raises "
             "InputError for a wrong spec and UnsupportedError on other drivers.");
  module.def(
      "release_hanging_tasks", [] { static_cast<void>(extensionFunction(&bpusimInterface::releaseHangingTasks)()); },
      "Lets tasks that a fault keeps hanging go on.");
  module.def("set_engine_path", &setEnginePath, py::arg("path"),
             "Where bpusim looks for its engine after BPUSIM_ENGINE_PATH, now or once it is loaded; other drivers "
             "ignore it.");
}

}  // namespace hbm::python
