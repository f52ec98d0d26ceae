#include "core/model/messages.hpp"

#include "core/model/strides.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "'" : ", '") + name + "'";
  }
  return text;
}

}  // namespace

std::string unknownTensor(const std::string& model, const std::string& role, const std::string& name,
                          const std::vector<std::string>& names) {
  return "model '" + model + "' has no " + role + " '" + name + "'; its " + role + "s are " + listed(names);
}

std::string unknownModel(const std::string& name, const std::vector<std::string>& names) {
  return "no model is named '" + name + "'; loaded are " + (names.empty() ? "none" : listed(names));
}

std::string describeType(DataType type) {
  const std::string numpy = numpyName(type);
  if (type < DataType::kS4 || type > DataType::kMax) {
    return std::to_string(static_cast<std::int32_t>(type)) + " (unknown to this version)";
  }
  return numpy.empty() ? dataTypeName(type) : numpy + " (" + dataTypeName(type) + ")";
}

std::string wrongType(DataType expected, const std::string& given) {
  return "expected dtype " + describeType(expected) + ", given " + given + ", and nothing is converted";
}

bool shapeFits(const std::vector<std::int64_t>& expected, const std::int64_t* given, std::size_t rank) {
  bool same = rank == expected.size();
  for (std::size_t i = 0; same && i < rank; ++i) {
    same = expected[i] < 0 || expected[i] == given[i];
  }
  return same;
}

std::string wrongShape(const std::vector<std::int64_t>& expected, const std::vector<std::int64_t>& given) {
  if (shapeFits(expected, given.data(), given.size())) {
    return "";
  }
  const std::string wanted = describeShape(expected.data(), expected.size());
  if (given.size() != expected.size()) {
    return "expected " + std::to_string(expected.size()) + " dimensions, shape " + wanted + ", given " +
           std::to_string(given.size()) +
           (given.size() <= kMaxDimensions ? ", shape " + describeShape(given.data(), given.size()) : "");
  }
  bool dynamic = false;
  for (const std::int64_t size : expected) {
    dynamic = dynamic || size < 0;
  }
  return "expected shape " + wanted + ", given " + describeShape(given.data(), given.size()) +
         (dynamic ? " (-1 stands for any size)" : "");
}

}  // namespace hbm
