// Files that Vite hands over by their address.
declare module "*?url" {
  const address: string;
  export default address;
}
declare module "*.svg" {
  const address: string;
  export default address;
}
