#include "dnn/base/hbucp.hpp"

namespace bpusim {

const TaskInterface* tasks() noexcept {
  static const auto* const interface = static_cast<const TaskInterface*>(bpusimGetInterface(kTaskInterfaceVersion));
  return interface;
}

void log(LogLevel level, const char* text) noexcept {
  if (tasks() != nullptr && tasks()->logs(level)) {
    tasks()->log(level, text);
  }
}

}  // namespace bpusim
