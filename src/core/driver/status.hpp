// From the driver's status codes to errors.
#pragma once

#include <cstdint>
#include <string>

#include "hbm_runtime/error.hpp"
#include "loader/driver.hpp"

namespace hbm {

// "HB_UCP_TASK_TIMEOUT"; "status -5" for numbers without a name.
[[nodiscard]] std::string statusName(std::int32_t status);

// The error for a driver call that failed: kind by the status, the driver's own text (bpusim's is more precise than the
// vendor's), model and tensor where they are known.
[[nodiscard]] Error driverError(const Driver& driver, const char* function, std::int32_t status,
                                const std::string& model = {}, const std::string& tensor = {});

// What inferOutputProperties failed with: kShape for shapes of inputs that do not fit each other.
[[nodiscard]] Error inferenceError(const Driver& driver, std::int32_t status, const std::string& model,
                                   const std::string& tensor = {});

// "model 'm', input 'x'": how messages name a place. Empty parts are left out.
[[nodiscard]] std::string place(const std::string& model, const char* role = "", const std::string& tensor = {});

inline void check(const Driver& driver, const char* function, std::int32_t status, const std::string& model = {},
                  const std::string& tensor = {}) {
  if (status != 0) {
    throw driverError(driver, function, status, model, tensor);
  }
}

}  // namespace hbm
