/* version.h: of the product. Packages and pages take it from here. */
#pragma once

#define VISAVIS_VERSION "0.1.0"
