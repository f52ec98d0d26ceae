#include "drivers/settings.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>

namespace testdriver {
namespace {

std::int64_t number(const std::string& text) {
  char* end = nullptr;
  const std::int64_t value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0') {
    std::fprintf(stderr, "test driver: '%s' is no number\n", text.c_str());
    std::abort();
  }
  return value;
}

std::vector<std::int64_t> list(const std::string& text) {
  std::vector<std::int64_t> values;
  std::stringstream parts(text);
  std::string part;
  while (std::getline(parts, part, 'x')) {
    values.push_back(number(part));
  }
  return values;
}

using Setter = std::function<void(Settings&, const std::string&)>;

template <class Number>
Setter to(Number Settings::* field) {
  return
      [field](Settings& settings, const std::string& value) { settings.*field = static_cast<Number>(number(value)); };
}

Setter toRefused(bool Settings::* field) {
  return [field](Settings& settings, const std::string& value) { settings.*field = value == "refused"; };
}

const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> all{
      {"models", to(&Settings::models)},
      {"inputs", to(&Settings::inputs)},
      {"outputs", to(&Settings::outputs)},
      {"shape", [](Settings& settings, const std::string& value) { settings.shape = list(value); }},
      {"strides", [](Settings& settings, const std::string& value) { settings.strides = list(value); }},
      {"size", to(&Settings::size)},
      {"dtype", to(&Settings::dtype)},
      {"cores", to(&Settings::cores)},
      {"metadata", [](Settings& settings, const std::string& value) { settings.metadata = value; }},
      {"version", [](Settings& settings, const std::string& value) { settings.version = value; }},
      {"copy", to(&Settings::copy)},
      {"hold", to(&Settings::hold)},
      {"duration_ms", to(&Settings::durationMs)},
      {"tasks", to(&Settings::tasks)},
      {"rewait", toRefused(&Settings::rewaitRefused)},
      {"callback", toRefused(&Settings::callbackRefused)},
      {"refusals", to(&Settings::refusals)},
  };
  return all;
}

}  // namespace

void apply(const std::string& text, Settings& settings) {
  std::stringstream words(text);
  std::string word;
  while (words >> word) {
    const std::size_t equals = word.find('=');
    const auto setter = setters().find(word.substr(0, equals));
    if (equals == std::string::npos || setter == setters().end()) {
      std::fprintf(stderr, "test driver: '%s' is no setting\n", word.c_str());
      std::abort();
    }
    setter->second(settings, word.substr(equals + 1));
  }
}

}  // namespace testdriver
