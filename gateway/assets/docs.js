// The browsable copy of the OpenAPI document. No validator: it would be asked at another site.
"use strict";
window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  showExtensions: true,
  validatorUrl: null,
});
