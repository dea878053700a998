/* version.h: of the product. Packages and pages take it from here. The date is that of the manual
 * pages. */
#pragma once

#define VISAVIS_VERSION "0.1.0"
#define VISAVIS_DATE "2026-11-23"
