// The data files of test/vectors, for the unit tests and the fuzz targets.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "jose/json/json.hpp"

namespace jwt_auth::jose {

// A data file of test/vectors.
inline JsonDocument LoadVectors(const std::string &name) {
  std::ifstream file(std::string(VECTORS) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  auto document = ParseJson(text.str());
  if (!document) throw std::runtime_error("cannot read test vectors " + name);
  return std::move(*document);
}

inline std::string Text(const JsonValue &value) {
  std::string out;
  AppendJson(value, out);
  return out;
}
inline std::string Member(const JsonValue &object, std::string_view name) {
  const auto member = object.Find(name);
  return member ? std::string(member->text()) : std::string();
}

// Calls `visit` with each element of an array.
template <class Visit>
void ForEach(const JsonValue &array, Visit visit) {
  for (const JsonValue element : array.elements()) visit(element);
}

}  // namespace jwt_auth::jose
