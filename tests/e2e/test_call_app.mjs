// The Call app as a person uses it.
export default async function callApp() {}
