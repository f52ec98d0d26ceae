#include "core/model/metadata_check.hpp"

#include "core/driver/status.hpp"
#include "core/model/strides.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/types.hpp"

namespace hbm {
namespace {

[[noreturn]] void refuse(const std::string& model, const std::string& where, const std::string& tensor,
                         const std::string& text) {
  throw Error(ErrorKind::kModel,
              (where.empty() ? "" : where + ": ") + "the driver reports " + text +
                  "; the model file is damaged or not for this driver",
              {"", 0, "", model, tensor});
}

}  // namespace

void checkProperties(const hbDNNTensorProperties& properties, const std::string& model, const char* role,
                     const std::string& tensor) {
  const auto bad = [&](const std::string& text) { refuse(model, place(model, role, tensor), tensor, text); };
  const std::int32_t rank = properties.validShape.numDimensions;
  if (rank < 0 || rank > kMaxDimensions) {
    bad(std::to_string(rank) + " dimensions, at most " + std::to_string(kMaxDimensions) + " are possible");
  }
  for (std::int32_t i = 0; i < rank; ++i) {
    if (properties.validShape.dimensionSize[i] < -1 || properties.stride[i] < -1) {
      bad("a negative dimension or stride");
    }
  }
  if (!rowsDoNotOverlap(properties)) {
    bad("strides with which the tensor would overlap itself");
  }
}

std::string checkedName(const char* name, const char* what, const std::string& model) {
  if (name == nullptr) {
    refuse(model, place(model), "", std::string("no name for ") + what);
  }
  return name;
}

void checkCount(std::int32_t count, const char* what, const std::string& model) {
  if (count < 0) {
    refuse(model, place(model), "", std::to_string(count) + " " + what);
  }
}

void checkCores(std::int32_t cores, const std::string& model) {
  constexpr std::int32_t kMaxCores = 4;  // for which the ABI has bits
  if (cores < 1 || cores > kMaxCores) {
    refuse(model, place(model), "", "that it was compiled for " + std::to_string(cores) + " cores");
  }
}

}  // namespace hbm
