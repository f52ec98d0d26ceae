#include "core/driver/status.hpp"

#include "hobot/hb_ucp_status.h"

namespace hbm {
namespace {

ErrorKind kindOf(std::int32_t status) {
  switch (status) {
    case HB_UCP_MODEL_INVALID:
      return ErrorKind::kContainer;
    case HB_UCP_MODEL_INCOMPATIBLE:
      return ErrorKind::kModel;
    case HB_UCP_FILE_OPEN_FAILED:
      return ErrorKind::kIo;  // that it exists was looked at before
    case HB_UCP_TASK_TIMEOUT:
      return ErrorKind::kTimeout;
    case HB_UCP_TASK_NUMBER_EXCEED_LIMIT:
    case HB_UCP_MEM_ALLOC_FAIL:
    case HB_UCP_MODEL_NUMBER_EXCEED_LIMIT:
      return ErrorKind::kOutOfResources;
    default:
      return ErrorKind::kDriver;
  }
}

// Model and tensor as the caller knows them, else as the driver reports them.
ErrorContext contextOf(const Driver& driver, const std::string& model, const std::string& tensor) {
  ErrorContext context{"", 0, "", model, tensor};
  const auto tell = driver.extensionFunction(&bpusimInterface::lastErrorPlace);
  if (tell != nullptr && tensor.empty()) {
    const char* itsModel = "";
    const char* itsTensor = "";
    tell(&itsModel, &itsTensor);
    if (model.empty() || model == itsModel) {
      context.model = itsModel;
      context.tensor = itsTensor;
    }
  }
  return context;
}

std::string driverText(const Driver& driver, std::int32_t status) {
  if (const auto lastError = driver.extensionFunction(&bpusimInterface::lastError)) {
    const char* text = lastError();
    if (text != nullptr && *text != '\0') {
      return text;
    }
  }
  const char* text = driver.hbUCPGetErrorDesc(status);
  return text != nullptr ? text : "";
}

}  // namespace

std::string statusName(std::int32_t status) {
  switch (status) {
#define HBM_STATUS(name, text) \
  case name:                   \
    return #name;
#include "statuses.inc"
    default:
      return "status " + std::to_string(status);
  }
}

std::string place(const std::string& model, const char* role, const std::string& tensor) {
  std::string text;
  if (!model.empty()) {
    text = "model '" + model + "'";
  }
  if (!tensor.empty()) {
    text += (text.empty() ? "" : ", ") + std::string(role) + (*role != '\0' ? " '" : "'") + tensor + "'";
  }
  return text;
}

Error driverError(const Driver& driver, const char* function, std::int32_t status, const std::string& model,
                  const std::string& tensor) {
  ErrorContext context = contextOf(driver, model, tensor);
  const std::string where = place(model, "tensor", tensor);
  const std::string name = statusName(status);
  std::string message = where.empty() ? "" : where + ": ";
  message += std::string(function) + " failed with " + name;
  if (name.rfind("status", 0) != 0) {
    message += " (" + std::to_string(status) + ")";
  }
  const std::string text = driverText(driver, status);
  if (!text.empty()) {
    message += ": " + text;
  }
  context.function = function;
  context.status = status;
  context.statusName = name;
  return {kindOf(status), message, std::move(context)};
}

Error inferenceError(const Driver& driver, std::int32_t status, const std::string& model, const std::string& tensor) {
  const Error error = driverError(driver, "inferOutputProperties", status, model, tensor);
  ErrorKind kind = error.kind();
  if (status == HB_UCP_INVALID_ARGUMENT) {
    kind = ErrorKind::kShape;
  } else if (kind == ErrorKind::kModel || kind == ErrorKind::kContainer) {
    // The model is loaded and was found good: what it cannot compute is a failed run, whatever the status says.
    kind = ErrorKind::kDriver;
  }
  return {kind, error.what(), error.context()};
}

}  // namespace hbm
